# SPDX-License-Identifier: Apache-2.0
#
# The Verilated card as a C library: $(MODEL) is the reference configuration, $(MODEL64) the same with a 64-bit data
# path, for tests. Users compile with $(MODEL_INCLUDES) and link with $(MODEL_LIBS).

MODEL := $(B)/model/libvqnic_model.a
MODEL64 := $(B)/model64/libvqnic_model.a
MODEL_INCLUDES := -Isim/model -Isim/pcie -Ihw/regs
MODEL_LIBS := -lstdc++ -lz -lm -lpthread

# Other RTL than the project's, to see the tests fail on it: see tests/rtl/mutants.
RTL ?= hw/rtl
MODEL_RTL := $(shell find $(RTL) hw/regs -name '*.sv' -o -name '*.svh' -o -name '*.f')

# Registers without a reset start at random from the seed of the model: nothing may depend on them. The wave writer is
# always in: while it is off it costs nothing that could be measured, and assertions cost 5 %.
VERILATE := verilator --cc --prefix Vvqnic --top-module vqnic -O3 --x-assign fast --x-initial unique --assert \
	--trace-fst --no-trace-top --output-split 20000
VERILATED_INCLUDES := -isystem /usr/share/verilator/include
MODEL_OPT ?= -O3
MODEL_CXXFLAGS := -O2 -g -std=gnu++17 -Wall -Wextra -Werror -MMD -MP

build: $(MODEL)
.PRECIOUS: $(B)/%/obj/Vvqnic.mk $(B)/%/obj/compiled $(B)/%/vqnic_model.o $(B)/%/axi_check.o

$(B)/model/obj/Vvqnic.mk: DATA_W := 512
$(B)/model64/obj/Vvqnic.mk: DATA_W := 64
$(B)/%/obj/Vvqnic.mk: $(MODEL_RTL) sim/model/rules.mk
	@echo "  VERILATE hw, $(DATA_W) bit"
	@mkdir -p $(@D)
	@sed 's,^hw/rtl/,$(RTL)/,' hw/rtl/files.f >$(@D)/files.f
	@$(VERILATE) -f $(@D)/files.f -GDATA_W=$(DATA_W) --Mdir $(@D) >$(@D)/verilate.log || \
		{ cat $(@D)/verilate.log; exit 1; }
	@rm -f $(@D)/*__ver.d

# What was generated is compiled by Verilator's own makefile, and joined with our part into one archive.
$(B)/%/obj/compiled: $(B)/%/obj/Vvqnic.mk
	@echo "  CXX $(@D)"
	@$(MAKE) --no-print-directory -s -C $(@D) -f Vvqnic.mk libVvqnic OPT_FAST=$(MODEL_OPT) OPT_SLOW=-O1 \
		OPT_GLOBAL=-O2 >$(@D)/compile.log
	@touch $@

$(B)/%/vqnic_model.o: sim/model/vqnic_model.cpp $(B)/%/obj/Vvqnic.mk
	@g++ $(MODEL_CXXFLAGS) $(MODEL_INCLUDES) -I$(@D)/obj $(VERILATED_INCLUDES) -c $< -o $@

$(B)/%/axi_check.o: sim/model/axi_check.cpp $(B)/%/obj/Vvqnic.mk
	@g++ $(MODEL_CXXFLAGS) $(MODEL_INCLUDES) -I$(@D)/obj $(VERILATED_INCLUDES) -c $< -o $@

$(B)/model/pcie.o: sim/pcie/pcie.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -c $< -o $@

$(B)/%/libvqnic_model.a: $(B)/%/vqnic_model.o $(B)/%/axi_check.o $(B)/model/pcie.o $(B)/%/obj/compiled
	@printf '%s\n' 'create $@' 'addlib $(B)/$*/obj/libVvqnic.a' 'addlib $(B)/$*/obj/libverilated.a' \
		'addmod $(B)/$*/vqnic_model.o, $(B)/$*/axi_check.o, $(B)/model/pcie.o' save end | ar -M
