#!/bin/sh
# Takes README's pictures anew: plays the test that looks at every page, and copies what it took of the
# four kinds of users to docs/pictures. `make pictures` gets what is missing first.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
"$target/debug/with-servers" cargo test --package tests --test browser -- every_page
mkdir -p docs/pictures
for user in marketer officer agent operator; do
    picture="$target/pictures/readme/$user.png"
    size=$(wc -c < "$picture")
    if [ "$size" -gt 153600 ]; then
        echo "$picture has $size bytes; README's pictures have 150 kB at most" >&2
        exit 1
    fi
    cp "$picture" "docs/pictures/$user.png"
    echo "docs/pictures/$user.png ($size bytes)"
done
