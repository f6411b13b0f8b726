# What quickstart and check share: installing what is missing, building. Sourced by bash.

# Packages of Debian 12. The fonts are the material of the built-in data set `glyphs`.
build_packages="g++ cmake ninja-build ccache pkg-config libtorch-dev libopenblas0-pthread libfmt-dev
  nlohmann-json3-dev libtomlplusplus-dev libjpeg62-turbo-dev libpng-dev libwebp-dev
  libsndfile1-dev libsamplerate0-dev
  libarchive-dev zlib1g-dev libfreetype-dev libicu-dev"
font_packages="fonts-aenigma fonts-urw-base35 fonts-texgyre fonts-freefont-ttf fonts-dejavu-core fonts-lato
  fonts-cmu fonts-liberation2 fonts-gfs-didot fonts-sil-gentium fonts-linuxlibertine fonts-stix
  fonts-roboto-unhinted fonts-averia-gwf fonts-adf-accanthis fonts-adf-baskervald
  fonts-adf-berenis fonts-adf-gillius fonts-adf-ikarius fonts-adf-irianis fonts-adf-libris
  fonts-adf-mekanus fonts-adf-oldania fonts-adf-romande fonts-adf-switzera fonts-adf-tribun
  fonts-adf-universalis fonts-adf-verana fonts-anonymous-pro fonts-arkpandora
  fonts-averia-sans-gwf fonts-averia-serif-gwf fonts-bebas-neue fonts-beteckna fonts-blankenburg
  fonts-breip fonts-bwht fonts-cabin fonts-cabinsketch fonts-cantarell fonts-century-catalogue
  fonts-comfortaa fonts-courier-prime fonts-crosextra-caladea fonts-crosextra-carlito
  fonts-dancingscript fonts-dustin fonts-ebgaramond fonts-ecolier-court fonts-essays1743
  fonts-f500 fonts-fanwood fonts-femkeklaver fonts-georgewilliams fonts-gfs-artemisia
  fonts-gfs-neohellenic fonts-go fonts-goudybookletter fonts-havana fonts-humor-sans
  fonts-inconsolata fonts-isabella fonts-jetbrains-mono fonts-junction fonts-jura fonts-kristi
  fonts-ldco fonts-levien-museum fonts-levien-typoscript fonts-lindenhill fonts-lobster
  fonts-lobstertwo fonts-monofur fonts-monoid fonts-mononoki fonts-noto-mono fonts-ocr-a
  fonts-okolaks fonts-oldstandard fonts-open-sans fonts-play fonts-prociono fonts-quattrocento
  fonts-quicksand fonts-radisnoir fonts-roboto-slab fonts-rufscript fonts-sora fonts-staypuft
  fonts-summersby fonts-tomsontalks fonts-tuffy fonts-ubuntu-title fonts-yanone-kaffeesatz
  fonts-yrsa-rasa ttf-bitstream-vera"
speech_packages="espeak-ng"  # only for ./quickstart --audio, which lets it speak
test_packages="libgtest-dev"
fuzz_packages="clang-14 libclang-rt-14-dev"  # only for ./check --fuzz

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# need_space FOLDER MEGABYTES
need_space() {
  local free
  free=$(df -Pm "$1" | awk 'NR==2 {print $4}')
  [ "${free:-0}" -ge "$2" ] || fail "the disk of $1 has $free MB left; about $2 MB are needed"
}

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || echo "$package"
  done
}

# install_packages PACKAGE...: installs those that are not there yet.
install_packages() {
  command -v apt-get >/dev/null || fail "this script installs Debian packages, and apt-get is not here; install by hand: $*"
  local missing as_root=()
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "${missing// /}" ] || { echo "all packages are there"; return; }
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "packages are missing and you are not root; as root run: apt-get install $missing"
    as_root=(sudo)
  fi
  echo "installing: $missing"
  local log; log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
         apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail "the packages could not be installed (no network, no rights or a full disk? the last lines are above; all of it is in $log)"
  fi
  rm -f "$log"
}

# build_release TESTS: into build/release; TESTS is ON or OFF.
build_release() {
  local jobs memory
  jobs=$(nproc)
  memory=$(awk '/MemAvailable/ {print int($2 / 1800000)}' /proc/meminfo)  # jobs of 1.8 GB
  [ "$memory" -ge 1 ] || memory=1
  [ "$jobs" -le "$memory" ] || jobs=$memory
  cmake --preset release -DLIKEWISE_BUILD_TESTS="$1" >build-configure.log 2>&1 ||
    { tail -n 20 build-configure.log >&2; fail "configuring failed; all of it is in build-configure.log"; }
  rm -f build-configure.log
  cmake --build build/release -j "$jobs" || fail "building failed; the first error is above"
}
