# Install packages while an image is built, by the registries of the place that builds it.
#
#   registries.sh apt PACKAGE...            Debian's
#   registries.sh pip VENV ARGS...          Python's, into a virtual environment, each by its hash
#   registries.sh languages DATA NAMES      all that the languages of these names or tiers need
#
# What is special about the place (another mirror, a certificate) is mounted as a secret, is used by the one
# command, and stays out of the image. Without any, the base's own settings and the public registries serve.
set -eu
secrets=/run/secrets
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
[ ! -s $secrets/ca ] || export PIP_CERT=$secrets/ca NODE_EXTRA_CA_CERTS=$secrets/ca
[ ! -s $secrets/pip-conf ] || export PIP_CONFIG_FILE=$secrets/pip-conf
[ ! -s $secrets/npmrc ] || export NPM_CONFIG_USERCONFIG=$secrets/npmrc

apt() {
    set -- --quiet --yes -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 "$@"
    if [ -s $secrets/apt-sources ]; then
        cp $secrets/apt-sources /tmp/berm.sources # apt goes by the ending
        set -- -o Dir::Etc::sourcelist=/tmp/berm.sources -o Dir::Etc::sourceparts=/nonexistent "$@"
    fi
    [ ! -s $secrets/ca ] || set -- -o Acquire::https::CAInfo=$secrets/ca "$@"
    apt-get "$@"
    rm -f /tmp/berm.sources
}

kind=$1
shift
case $kind in
apt)
    apt update
    # shellcheck disable=SC2068 # none has a space
    apt install --no-install-recommends $@
    ;;
pip)
    venv=$1
    shift
    /build/bin/python -m pip --python "$venv/bin/python" install --quiet --no-compile --require-hashes "$@"
    ;;
languages)
    data=$1 names=$2
    packages=$(/usr/bin/python3 -I /image/packages.py "$data" apt "$names")
    # shellcheck disable=SC2086
    apt install --no-install-recommends $packages
    place=/usr/local/lib/berm
    packages=$(/usr/bin/python3 -I /image/packages.py "$data" pip "$names")
    # shellcheck disable=SC2086
    if [ -n "$packages" ]; then
        apt install --no-install-recommends python3-pip
        /usr/bin/python3 -m pip install --quiet --no-compile --target $place/pip $packages
        apt purge --auto-remove python3-pip
    fi
    packages=$(/usr/bin/python3 -I /image/packages.py "$data" npm "$names")
    # shellcheck disable=SC2086
    if [ -n "$packages" ]; then
        apt install --no-install-recommends npm
        npm install --no-audit --no-fund --cache /tmp/npm --prefix $place/npm $packages
        apt purge --auto-remove npm
        apt install --no-install-recommends nodejs
    fi
    ;;
esac
