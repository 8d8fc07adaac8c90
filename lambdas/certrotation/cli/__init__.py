"""The command line `certrotation`: a shell over the workflows and decisions of the service.

It is no part of the Lambda asset, and the functions import nothing of it. A start must be fast, so
every module imports boto3, cryptography, rich and the workflows where they are used.
"""
