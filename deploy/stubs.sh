#!/bin/sh
# Makes what a build of the dependencies alone needs: every manifest of the workspace, and a program or
# library that does nothing in the place of each of ours. Run at the workspace's root.
#
#   deploy/stubs.sh FOLDER
set -eu

folder=$1
mkdir -p "$folder"
cp --parents Cargo.toml Cargo.lock fuzz/Cargo.toml tests/Cargo.toml services/*/Cargo.toml \
    shared/*/Cargo.toml "$folder"
# Cargo reads every manifest, and refuses one whose targets are not there.
find services shared tests fuzz -name '*.rs' | while read -r file; do
    case "$file" in
        */src/lib.rs) code='' ;;
        */build.rs | */src/main.rs | */src/bin/*.rs) code='fn main() {}' ;;
        */benches/*.rs | */examples/*.rs | */fuzz_targets/*.rs) code='fn main() {}' ;;
        *) continue ;;
    esac
    mkdir -p "$folder/$(dirname "$file")"
    printf '//! Stands in for the real one.\n%s\n' "$code" >"$folder/$file"
done
