# SPDX-License-Identifier: Apache-2.0

.PHONY: man lint-docs

# Manual pages of every room: docs/man/NAME.SECTION.scd.
MAN_PAGES := $(patsubst docs/man/%.scd,$(B)/man/%,$(wildcard docs/man/*.scd))
build: man
man: $(MAN_PAGES)
$(B)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	@scdoc <$< >$@.tmp && mv $@.tmp $@

# The library's page is made of its header; each function has it.
MAN3 := $(B)/man/libvqnic.3
man: $(MAN3)
$(MAN3): docs/man/libvqnic ctl/include/vqnic/vqnic.h docs/man/libvqnic-example.c
	@mkdir -p $(@D)
	@set -e; $^ | scdoc >$@.tmp; rm -f $(@D)/vqnic_*.3
	@for name in $$($(wordlist 1,2,$^) --functions); do echo ".so man3/$(@F)" >$(@D)/$$name.3; done
	@mv $@.tmp $@

# Spelling of everything, links of the documents.
lint: lint-docs
lint-docs:
	@echo "  CODESPELL, LINKS"
	@codespell --skip ./build,./.git,./LICENSES
	@docs/check-links $(shell find . \( -path ./build -o -path ./.git \) -prune -o -name '*.md' -print)
