# SPDX-License-Identifier: Apache-2.0
#
# Randomised tests of the RTL, each a program over the model: see docs in tests/rtl/test.h.

RTL_TESTS := $(addprefix $(B)/tests/rtl_,data events faults)
RTL_COMMON := $(addprefix $(B)/tests/rtl/,test.o host.o driver.o)

build-tests: $(RTL_TESTS) $(B)/tests/rtl_data64

$(B)/tests/rtl/%.o: tests/rtl/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(MODEL_INCLUDES) -c $< -o $@

$(RTL_TESTS): $(B)/tests/rtl_%: $(B)/tests/rtl/test_%.o $(RTL_COMMON) $(MODEL)
	@$(CC) $^ $(MODEL_LIBS) -o $@

$(B)/tests/rtl_data64: $(B)/tests/rtl/test_data.o $(RTL_COMMON) $(MODEL64)
	@$(CC) $^ $(MODEL_LIBS) -o $@
