"""The two CAs of most stories: one that everybody trusts, and one that only a company does."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.authority import Authority


@dataclass(frozen=True, kw_only=True)
class Authorities:
    """A CA that everybody trusts, and one that only a company does; each with an intermediate."""

    public_root: Authority
    public: Authority
    private_root: Authority
    private: Authority

    @classmethod
    def make(cls) -> Authorities:
        """Make both anew."""
        public_root = Authority.root("Example Public Root")
        private_root = Authority.root("Example Corp Root")
        return cls(
            public_root=public_root,
            public=public_root.intermediate("Example Public CA 1"),
            private_root=private_root,
            private=private_root.intermediate("Example Corp CA 1"),
        )
