# Shared by the scripts in this folder: messages and Debian packages.

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
[ -t 2 ] || say() { printf '%s\n' "$*" >&2; }

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        die "root rights are needed for: $* (install sudo, or run it yourself as root)"
    fi
}

# packages_of ROLE...: the package names of these roles in packages.txt.
packages_of() {
    local role
    for role in "$@"; do
        awk -v role="$role" '$1 == role { print $2 }' "$ROOT/scripts/packages.txt"
    done
}

# install_packages ROLE...: installs what is missing, asks apt nothing when all is there.
install_packages() {
    local missing=() name
    for name in $(packages_of "$@"); do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return 0
    say "Installing ${#missing[@]} Debian packages"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        die "apt-get could not install: ${missing[*]}"
}

# configure_preset PRESET [CMAKE ARGUMENTS...]
configure_preset() {
    local preset=$1
    shift
    (cd "$ROOT" && cmake --preset "$preset" "$@" >&2) || die "cmake could not configure the build; the messages are above"
}

# build_preset PRESET TARGET...: what configure_preset prepared.
build_preset() {
    local preset=$1
    shift
    cmake --build "$ROOT/build/$preset" --target "$@" >&2 || die "the build failed; the messages are above"
}
