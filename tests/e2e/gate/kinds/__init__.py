"""What the gate knows of each kind of dependent: one module a service, found by being here.

A module has `SIGNED_AS`, the service's name in signatures; `needed(request, caller)`, the
permission that a request needs, or a list of them, or None if the request is another service's; and
`tags(client, arn)`, the tags of a resource, or None if the ARN is another service's.
"""
