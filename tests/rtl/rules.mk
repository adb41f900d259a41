# SPDX-License-Identifier: Apache-2.0
#
# Randomised tests of the RTL: programs over the model of the reference configuration, most of them also over that with
# a 64-bit data path (names that end in 64), and the test of the PCIe model, which needs no RTL.

RTL_TESTS := $(addprefix $(B)/tests/rtl_,registers data events faults iommu dirty)
RTL_TESTS64 := $(addprefix $(B)/tests/rtl_,data64 events64 faults64 iommu64 dirty64)
RTL_COMMON := $(addprefix $(B)/tests/rtl/,test.o host.o filter.o space.o driver.o)

build-tests: $(RTL_TESTS) $(RTL_TESTS64) $(B)/tests/pcie_model $(B)/tests/rtl_bench

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
