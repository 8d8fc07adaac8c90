"""The verbs, in the order of `certrotation --help`: one module each, imported when it is run."""

VERBS = {
    "inventory": "Show every imported certificate of the target Regions.",
    "plan": "Show what rotate would do now, and why.",
    "check": "Check material before it goes anywhere.",
    "import": "Write material into a managed secret, and follow it until it is live.",
    "rotate": "Rotate secrets: queue them, or do it here.",
    "rollback": "Make an earlier version of a secret current again.",
    "verify": "Compare what endpoints serve with what ACM holds.",
    "doctor": "Diagnose the account, the service and the estate.",
    "mode": "Switch an installed service to report mode or apply mode.",
}
"""Name to the first sentence of the verb's help. The module of that name has `command`; the
module of a verb that is a keyword of Python ends in an underscore."""
