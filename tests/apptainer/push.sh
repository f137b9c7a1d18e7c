#!/usr/bin/env bash
# Pushes a directory as an image of one layer: push.sh REGISTRY REPOSITORY TAG ARCHITECTURE ROOT
set -euo pipefail
registry=$1 repository=$2 tag=$3 architecture=$4 root=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
digest() { printf 'sha256:%s' "$(sha256sum "$1" | cut -d' ' -f1)"; }
blob() {
    local location
    location=$(curl --noproxy '*' -sSf -o /dev/null -D - -X POST "http://$registry/v2/$repository/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
    case $location in /*) location="http://$registry$location" ;; esac
    case $location in *\?*) location="$location&" ;; *) location="$location?" ;; esac
    curl --noproxy '*' -sSf -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" "${location}digest=$(digest "$1")"
}
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$root" -cf "$work/layer" .
printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
    "$architecture" "$(digest "$work/layer")" >"$work/config"
blob "$work/layer"
blob "$work/config"
kind=application/vnd.docker.distribution.manifest.v2+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%s,"digest":"%s"},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":%s,"digest":"%s"}]}' \
    "$kind" "$(stat -c %s "$work/config")" "$(digest "$work/config")" "$(stat -c %s "$work/layer")" "$(digest "$work/layer")" >"$work/manifest"
curl --noproxy '*' -sSf -o /dev/null -X PUT -H "Content-Type: $kind" --data-binary "@$work/manifest" "http://$registry/v2/$repository/manifests/$tag"
