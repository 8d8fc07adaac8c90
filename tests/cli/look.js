// Uses a page as a person would, and lets axe judge what axe knows; see chromium.py.
(async () => {
  // axe knows the text of HTML, but neither the text nor the bars of a drawing.
  const channel = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([red, green, blue]) =>
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const colour = (text) => text.match(/[\d.]+/g).map(Number);
  const background = colour(getComputedStyle(document.body).backgroundColor);
  // WCAG 2.2, success criteria 1.4.3 and 1.4.11, and the definition of the contrast ratio.
  const contrast = (element) => {
    const [one, other] = [colour(getComputedStyle(element).fill), background]
      .map(luminance).sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  };
  const fainter = (selector, least) => [...document.querySelectorAll(selector)]
    .filter((each) => contrast(each) < least).map((each) => each.outerHTML.slice(0, 80));
  const judged = await axe.run(document);
  const result = {
    faint: [...fainter("svg text", 4.5), ...fainter("svg rect", 3)],
    violations: judged.violations.map((each) => `${each.id}: ${each.nodes[0].html}`),
    passes: judged.passes.map((each) => each.id),
    background: background.slice(0, 3),
    overflow: document.documentElement.scrollWidth - innerWidth,
    scripts: document.scripts.length - 2,
    requests: performance.getEntriesByType("resource").length,
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
