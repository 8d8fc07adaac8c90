"""Custom domains of Cognito user pools."""
