// Looks at a page as a person would who sees badly, or uses a keyboard; see chromium.py.
(() => {
  const channel = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([red, green, blue]) =>
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const colour = (text) => text.match(/[\d.]+/g).map(Number);
  const background = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const found = colour(getComputedStyle(each).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  // WCAG 2.2, success criterion 1.4.3 and the definition of the contrast ratio.
  const contrast = (element, property) => {
    const [one, other] = [colour(getComputedStyle(element)[property]), background(element)]
      .map(luminance).sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  };
  const visible = (element) => element.getClientRects().length > 0;
  const pale = [...document.querySelectorAll("body *:not(script):not(style):not(svg *)")]
    .filter((each) => visible(each) &&
      [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((each) => contrast(each, "color") < 4.5)
    .concat([...document.querySelectorAll("svg text")].filter((each) => contrast(each, "fill") < 4.5))
    .map((each) => each.textContent.slice(0, 40));
  const faint = [...document.querySelectorAll("svg rect")]
    .filter((each) => contrast(each, "fill") < 3).length;
  const unnamed = [...document.querySelectorAll("input, select, button, [role=img], [role=region]")]
    .filter((each) => !(each.labels && each.labels.length) && !each.getAttribute("aria-label") &&
      !document.getElementById(each.getAttribute("aria-labelledby")) && !each.textContent.trim())
    .map((each) => each.outerHTML.slice(0, 80));
  const unreachable = [...document.querySelectorAll("input, select, button, .scroll")]
    .filter((each) => visible(each) && each.tabIndex < 0).map((each) => each.outerHTML.slice(0, 80));
  const headings = [...document.querySelectorAll("h1, h2, h3")].map((each) => Number(each.tagName[1]));
  const result = {
    pale, faint, unnamed, unreachable, headings,
    scopes: [...document.querySelectorAll("th")].every((each) => each.scope),
    background: background(document.body).slice(0, 3),
    overflow: document.documentElement.scrollWidth - innerWidth,
    scripts: document.scripts.length - 1,
    requests: performance.getEntriesByType("resource").length,
    title: document.title,
  };
  const search = document.querySelector("[data-filter=text]");
  if (search) {
    const rows = () => [...document.querySelectorAll("#certificates tbody tr")]
      .filter((each) => !each.hidden).map((each) => each.cells[0].firstChild.data);
    const change = (element, value) => {
      element.value = value;
      element.dispatchEvent(new Event("input", { bubbles: true }));
      return rows();
    };
    result.all = rows();
    result.searched = change(search, "API.example");
    result.counted = document.getElementById("count").textContent;
    change(search, "");
    const state = document.querySelector("[data-filter=state]");
    result.unmanaged = change(state, "unmanaged");
    change(state, "");
    const [names, , days] = document.querySelectorAll("#certificates thead button");
    names.focus();
    result.focused = document.activeElement === names;
    names.click();
    result.byName = rows();
    names.click();
    result.byNameReversed = rows();
    result.sorted = names.closest("th").getAttribute("aria-sort");
    days.click();
    result.byDays = rows();
  }
  const seen = document.createElement("pre");
  seen.id = "seen";
  seen.textContent = JSON.stringify(result);
  document.body.append(seen);
})();
