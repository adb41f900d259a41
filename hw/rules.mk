# SPDX-License-Identifier: Apache-2.0

HW_RTL = $(shell cat hw/rtl/files.f)

.PHONY: lint-hw
lint: lint-hw
lint-hw: $(B)/hw/lint

# Both ends of the range of data path widths: a warning may come with only one of them.
$(B)/hw/lint: $(HW_RTL) hw/rtl/files.f hw/lint.vlt
	@echo "  LINT hw"
	@mkdir -p $(@D)
	@for width in 512 64; do \
		verilator --lint-only -Wall hw/lint.vlt -f hw/rtl/files.f --top-module vqnic -GDATA_W=$$width >/dev/null || exit 1; \
	done
	@awk 'length > 100 { print FILENAME ":" FNR ": longer than 100 columns"; bad = 1 } END { exit bad }' hw/rtl/*.sv hw/rtl/*/*.sv
	@touch $@

synth:  ## synthesise the card for a Xilinx 7-series part, print its cells
	@hw/synth/synth $(B)/synth
