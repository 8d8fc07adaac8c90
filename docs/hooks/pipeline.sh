#!/bin/sh
# A pipeline that has a certificate and its key as files, for example from a form or from a CA.
#
#   pipeline.sh check  FILE...          in the first stage: no credentials, nothing is sent
#   pipeline.sh deploy SECRET FILE...   in the last stage: writes the secret
#
# The files are what `certrotation check --help` names. The passphrase of a PFX is the first line of
# the file that CERTROTATION_PASSWORD_FILE names: a pipeline has variables of the type "file".
set -eu
stage=$1
shift
if [ -n "${CERTROTATION_PASSWORD_FILE:-}" ]; then
  set -- "$@" --password-file "$CERTROTATION_PASSWORD_FILE"
fi
case $stage in
check) exec certrotation check "$@" ;;
deploy) exec certrotation import "$@" --no-wait --prefix "${CERTROTATION_SECRET_PREFIX:-certrotation/}" ;;
*) echo "usage: pipeline.sh check FILE... | deploy SECRET FILE..." >&2 && exit 2 ;;
esac
