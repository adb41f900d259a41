# SPDX-License-Identifier: Apache-2.0
#
# vqnic-sim, its manual page, its unit tests and its fuzz target.

include $(sort $(wildcard sim/*/rules.mk))

# Everything but main(), and without the model: tests link it with a model of their own.
SIM_SRC := $(filter-out sim/vqnic-sim.c,$(wildcard sim/*.c sim/vfio-user/*.c sim/pci/*.c sim/port/*.c))
SIM_OBJ := $(SIM_SRC:sim/%.c=$(B)/sim/%.o)
# libslirp's own pkg-config file asks for glib's, which nothing here needs.
SIM_CFLAGS := -D_GNU_SOURCE -Isim -Isim/pci -Isim/vfio-user -Isim/port $(MODEL_INCLUDES) -I/usr/include/slirp
SIM_LIBS := -lslirp -lpcap -ljson-c

build: $(B)/sim/vqnic-sim $(B)/man/vqnic-sim.1

$(B)/sim/%.o: sim/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(SIM_CFLAGS) -c $< -o $@

$(B)/sim/vqnic-sim: $(B)/sim/vqnic-sim.o $(SIM_OBJ) $(MODEL)
	@echo "  LD vqnic-sim"
	@g++ -o $@ $^ $(MODEL_LIBS) $(SIM_LIBS)

$(B)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	@scdoc <$< >$@.new && mv $@.new $@
