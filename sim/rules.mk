# SPDX-License-Identifier: Apache-2.0
#
# vqnic-sim, its unit tests and its fuzz target.

include $(sort $(wildcard sim/*/rules.mk))

# Everything but main(), and without the model: tests link it with a model of their own.
SIM_SRC := $(filter-out sim/vqnic-sim.c,$(wildcard sim/*.c sim/vfio-user/*.c sim/pci/*.c sim/port/*.c))
SIM_OBJ := $(SIM_SRC:sim/%.c=$(B)/sim/%.o)
# libslirp's own pkg-config file asks for glib's, which nothing here needs.
SIM_CFLAGS := -D_GNU_SOURCE -DSIM_VERSION='"$(VQNIC_VERSION)"' -Isim -Isim/pci -Isim/vfio-user \
	-Isim/port $(MODEL_INCLUDES) -I/usr/include/slirp
SIM_LIBS := -lslirp -lpcap -ljson-c

build: $(B)/sim/vqnic-sim

# The version is said there.
$(B)/sim/options.o $(B)/sim/sanitized/options.o: ctl/rules.mk

$(B)/sim/%.o: sim/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(SIM_CFLAGS) -c $< -o $@

$(B)/sim/vqnic-sim: $(B)/sim/vqnic-sim.o $(SIM_OBJ) $(MODEL)
	@echo "  LD vqnic-sim"
	@g++ $(LDFLAGS) -o $@ $^ $(MODEL_LIBS) $(SIM_LIBS)

# Puts the simulated board and its manual page below $(DESTDIR)$(PREFIX).
.PHONY: install-sim
install-sim: $(B)/sim/vqnic-sim man
	@install -d $(DESTDIR)$(PREFIX)/{bin,share/man/man1}
	@install -m 755 $(B)/sim/vqnic-sim $(DESTDIR)$(PREFIX)/bin/
	@install -m 644 $(B)/man/vqnic-sim.1 $(DESTDIR)$(PREFIX)/share/man/man1/

# Unit tests run with the sanitizers: what they feed is hostile.
SIM_TESTS := board dma options pci port vfio_user
SIM_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
SIM_SANITIZED := $(SIM_SRC:sim/%.c=$(B)/sim/sanitized/%.o) $(B)/sim/sanitized/tests/sim_fake_model.o
build-tests: $(SIM_TESTS:%=$(B)/tests/sim_%)

$(B)/sim/sanitized/%.o: sim/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(SIM_SANITIZE) $(SIM_CFLAGS) -c $< -o $@

$(B)/sim/sanitized/tests/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(SIM_SANITIZE) $(SIM_CFLAGS) -Itests/unit -c $< -o $@

$(SIM_TESTS:%=$(B)/tests/sim_%): $(B)/tests/sim_%: $(B)/sim/sanitized/tests/sim_%.o $(SIM_SANITIZED)
	@mkdir -p $(@D)
	@$(CC) $(SIM_SANITIZE) -o $@ $^ $(SIM_LIBS) -lcmocka

# The fuzz target starts from what a well-behaved client does, and keeps what it finds in $(B)/fuzz/vfio_user.
FUZZ_CC := clang
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_OBJ := $(SIM_SRC:sim/%.c=$(B)/sim/fuzz/%.o) $(B)/sim/fuzz/tests/unit/sim_fake_model.o \
	$(B)/sim/fuzz/tests/fuzz/fuzz_vfio_user.o
build-tests: $(B)/tests/fuzz_vfio_user $(B)/fuzz/vfio_user_seeds

$(B)/sim/fuzz/%.o: sim/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(CFLAGS) -O1 $(FUZZ_SANITIZE) $(SIM_CFLAGS) -c $< -o $@

$(B)/sim/fuzz/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(CFLAGS) -O1 $(FUZZ_SANITIZE) $(SIM_CFLAGS) -Itests/unit -c $< -o $@

$(B)/tests/fuzz_vfio_user: $(FUZZ_OBJ)
	@echo "  LD fuzz_vfio_user"
	@mkdir -p $(@D)
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(SIM_LIBS)

$(B)/fuzz/vfio_user_seeds: tests/fuzz/vfio_user_seeds
	@rm -rf $@
	@$< $@
	@mkdir -p $(B)/fuzz/vfio_user
