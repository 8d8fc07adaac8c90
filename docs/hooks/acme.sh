#!/usr/bin/env sh
# Deploy hook of acme.sh: writes the certificate into its managed secret.
#
#   cp acme.sh ~/.acme.sh/deploy/certrotation.sh
#   CERTROTATION_SECRET=shop acme.sh --deploy -d shop.example.com --deploy-hook certrotation
#
# acme.sh remembers CERTROTATION_SECRET, CERTROTATION_SECRET_PREFIX and AWS_REGION of the first run.
# Without CERTROTATION_SECRET the secret has the name of the domain.

# domain keyfile certfile cafile fullchain
certrotation_deploy() {
  _getdeployconf CERTROTATION_SECRET
  _getdeployconf CERTROTATION_SECRET_PREFIX
  _getdeployconf AWS_REGION
  _secret=${CERTROTATION_SECRET:-$(printf %s "$1" | sed 's/\*/wildcard/')}
  _prefix=${CERTROTATION_SECRET_PREFIX:-certrotation/}
  AWS_REGION=$AWS_REGION certrotation import "$_secret" "$5" "$2" --no-wait --prefix "$_prefix" ||
    return 1
  _savedeployconf CERTROTATION_SECRET "$_secret"
  _savedeployconf CERTROTATION_SECRET_PREFIX "$_prefix"
  _savedeployconf AWS_REGION "$AWS_REGION"
}
