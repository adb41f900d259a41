# SPDX-License-Identifier: Apache-2.0

.PHONY: man lint-docs

# Manual pages of every room: docs/man/NAME.SECTION.scd.
MAN_PAGES := $(patsubst docs/man/%.scd,$(B)/man/%,$(wildcard docs/man/*.scd))
build: man
man: $(MAN_PAGES)
$(B)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	@scdoc <$< >$@.tmp && mv $@.tmp $@

# Spelling of everything, links of the documents.
lint: lint-docs
lint-docs:
	@echo "  CODESPELL, LINKS"
	@codespell --skip ./build,./.git,./LICENSES
	@docs/check-links $(shell find . \( -path ./build -o -path ./.git \) -prune -o -name '*.md' -print)
