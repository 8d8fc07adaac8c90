"""Names and limits that the functions, the stack and the tests share; no module here needs an SDK.

The stack in `infra` imports nothing else of this package: see the import contracts in
`pyproject.toml`.
"""
