# SPDX-License-Identifier: Apache-2.0
#
# Randomised tests of the RTL: programs over the model of the reference configuration, most of them also over that with
# a 64-bit data path (names that end in 64), and the test of the PCIe model, which needs no RTL.

RTL_TESTS := $(addprefix $(B)/tests/rtl_,registers data events faults iommu dirty control)
RTL_TESTS64 := $(addprefix $(B)/tests/rtl_,data64 events64 faults64 iommu64 dirty64 control64)
RTL_COMMON := $(addprefix $(B)/tests/rtl/,test.o host.o filter.o space.o driver.o)

# The switch alone, with more vdevs than the reference configuration has.
SWITCH_TESTS := $(B)/tests/rtl_switch $(B)/tests/rtl_switch64

build-tests: $(RTL_TESTS) $(RTL_TESTS64) $(SWITCH_TESTS) $(B)/tests/pcie_model $(B)/tests/rtl_bench

$(B)/tests/rtl/%.o: tests/rtl/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(MODEL_INCLUDES) -c $< -o $@

$(RTL_TESTS): $(B)/tests/rtl_%: $(B)/tests/rtl/test_%.o $(RTL_COMMON) $(MODEL)
	@$(CC) $^ $(MODEL_LIBS) -o $@

$(RTL_TESTS64): $(B)/tests/rtl_%64: $(B)/tests/rtl/test_%.o $(RTL_COMMON) $(MODEL64)
	@$(CC) $^ $(MODEL_LIBS) -o $@

$(B)/tests/pcie_model: $(B)/tests/rtl/test_pcie.o $(B)/tests/rtl/test.o $(B)/model/pcie.o
	@$(CC) $^ -o $@

$(B)/tests/rtl/rtl_bench.o: tests/bench/rtl_bench.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(MODEL_INCLUDES) -Itests/rtl -c $< -o $@

$(B)/tests/rtl_bench: $(B)/tests/rtl/rtl_bench.o $(RTL_COMMON) $(MODEL)
	@$(CC) $^ $(MODEL_LIBS) -o $@

$(B)/switch/obj/Vswitch.mk: DATA_W := 512
$(B)/switch64/obj/Vswitch.mk: DATA_W := 64
.PRECIOUS: $(B)/%/obj/Vswitch.mk $(B)/%/obj/libVswitch.a $(B)/%/switch_model.o
$(B)/%/obj/Vswitch.mk: $(MODEL_RTL) tests/rtl/rules.mk
	@echo "  VERILATE vqnic_net, $(DATA_W) bit"
	@mkdir -p $(@D)
	@sed 's,^hw/rtl/,$(RTL)/,' hw/rtl/files.f >$(@D)/files.f
	@$(subst vqnic ,vqnic_net ,$(subst Vvqnic,Vswitch,$(VERILATE))) -f $(@D)/files.f -GDATA_W=$(DATA_W) -GVDEVS=16 \
		--Mdir $(@D) >$(@D)/verilate.log || { cat $(@D)/verilate.log; exit 1; }
	@rm -f $(@D)/*__ver.d

$(B)/%/obj/libVswitch.a: $(B)/%/obj/Vswitch.mk
	@echo "  CXX $(@D)"
	@$(MAKE) --no-print-directory -s -C $(@D) -f Vswitch.mk libVswitch OPT_FAST=$(MODEL_OPT) OPT_SLOW=-O1 \
		OPT_GLOBAL=-O2 >$(@D)/compile.log
	@touch $@

$(B)/%/switch_model.o: tests/rtl/switch_model.cpp $(B)/%/obj/Vswitch.mk
	@g++ $(MODEL_CXXFLAGS) $(MODEL_INCLUDES) -Itests/rtl -I$(@D)/obj $(VERILATED_INCLUDES) -c $< -o $@

SWITCH_COMMON := $(B)/tests/rtl/test_switch.o $(B)/tests/rtl/test.o $(B)/tests/rtl/filter.o
$(B)/tests/rtl_switch: $(B)/switch/switch_model.o $(SWITCH_COMMON) $(B)/switch/obj/libVswitch.a
	@$(CC) $^ $(B)/switch/obj/libverilated.a $(MODEL_LIBS) -o $@
$(B)/tests/rtl_switch64: $(B)/switch64/switch_model.o $(SWITCH_COMMON) $(B)/switch64/obj/libVswitch.a
	@$(CC) $^ $(B)/switch64/obj/libverilated.a $(MODEL_LIBS) -o $@
