#!/bin/sh
# Bundles the source editor of templates (CodeMirror) into services/console/assets: one file, its
# licences, and its checksum, which a test of the console holds it to. Run it after a change of
# scripts/vendor-assets; the versions are those of its lock file.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
assets="$root/services/console/assets"
cd "$root/scripts/vendor-assets"
npm ci --no-audit --no-fund
npx esbuild editor.mjs --bundle --minify --format=iife --target=es2022 --legal-comments=none \
    --outfile="$assets/editor.min.js"
{
    echo "editor.min.js is made of these packages, each under the licence that follows it."
    for licence in node_modules/@codemirror/*/LICENSE node_modules/@lezer/*/LICENSE \
        node_modules/@marijn/*/LICENSE node_modules/crelt/LICENSE node_modules/style-mod/LICENSE \
        node_modules/w3c-keyname/LICENSE; do
        package=$(dirname "$licence")
        printf '\n%s %s\n\n' "${package#node_modules/}" \
            "$(sed -n 's/^ *"version": "\(.*\)",*/\1/p' "$package/package.json" | head -1)"
        cat "$licence"
    done
} >"$assets/editor.licences.txt"
cd "$assets"
sha256sum editor.min.js >editor.sha256
