#!/bin/sh
# Deploy hook of certbot: writes each renewed certificate into its managed secret.
#
#   install -m 755 certbot.sh /etc/letsencrypt/renewal-hooks/deploy/certrotation
#
# certbot sets RENEWED_LINEAGE to the directory of the certificate. The secret has the name of that
# directory; CERTROTATION_SECRET names another one. AWS_REGION is the Region of the secrets.
set -eu
secret=${CERTROTATION_SECRET:-$(basename "$RENEWED_LINEAGE")}
exec certrotation import "$secret" "$RENEWED_LINEAGE" --no-wait \
  --prefix "${CERTROTATION_SECRET_PREFIX:-certrotation/}"
