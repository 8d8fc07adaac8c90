#!/bin/sh
# Hook of lego: writes the certificate into its managed secret.
#
#   lego run --domains shop.example.com --deploy-hook /usr/local/bin/certrotation-lego    (lego 5)
#   lego ... renew --renew-hook /usr/local/bin/certrotation-lego                          (lego 4)
#
# The secret has the name of the certificate; CERTROTATION_SECRET names another one. AWS_REGION is
# the Region of the secrets.
set -eu
name=${LEGO_HOOK_CERT_NAME:-${LEGO_CERT_DOMAIN:-}}
certificate=${LEGO_HOOK_CERT_PATH:-${LEGO_CERT_PATH:-}}
key=${LEGO_HOOK_CERT_KEY_PATH:-${LEGO_CERT_KEY_PATH:-}}
secret=${CERTROTATION_SECRET:-$(printf %s "$name" | sed 's/\*/wildcard/')}
exec certrotation import "$secret" "$certificate" "$key" --no-wait \
  --prefix "${CERTROTATION_SECRET_PREFIX:-certrotation/}"
