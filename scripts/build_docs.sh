#!/bin/sh
# Build the documentation site in build/site: the guides, the API reference and a page for each model.
# $1 is the folder with the programs of the environment.
set -eu

bin=$1
rm -rf build/docs build/site
mkdir -p build
cp -R docs build/docs
cp examples/workflows/*.yml build/docs
# What lies beside the documents in the repository lies among them on the site.
sed -i.bak 's#](../examples/workflows/#](#g' build/docs/*.md && rm build/docs/*.bak
"$bin/python" scripts/reference_pages.py build/docs/reference
"$bin/runcomfy-codegen" docs --out build/docs/models
# Material tells of its successor on every run; what it says is decided in mkdocs.yml.
DISABLE_MKDOCS_2_WARNING=true NO_MKDOCS_2_WARNING=true "$bin/python" -m mkdocs build --quiet --strict
