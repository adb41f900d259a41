# SPDX-License-Identifier: Apache-2.0
#
# The module for each kernel in the lab that has headers: build/kernel/<release>/vqnic.ko. Kbuild writes beside the
# sources, so that each kernel gets a folder of links to them.

KERNELS := $(sort $(patsubst /lib/modules/%/build,%,$(wildcard /lib/modules/*/build)))
KERNEL_SOURCES := $(wildcard kernel/*.c kernel/*.h)
KERNEL_LINKS := $(KERNEL_SOURCES) kernel/Kbuild kernel/probe kernel/include hw/regs/vqnic_regs.h
KERNEL_DEPS := $(KERNEL_SOURCES) kernel/Kbuild $(wildcard kernel/probe/*) kernel/include/uapi/linux/vqnic.h \
	hw/regs/vqnic_regs.h kernel/rules.mk
KERNEL_MODULES := $(KERNELS:%=$(B)/kernel/%/vqnic.ko)
CHECKPATCH := /usr/local/lib/kernel-scripts/checkpatch.pl

# $(call kbuild,RELEASE,FOLDER,SOURCES,ARGUMENTS), for every module of the project: what it says is in FOLDER/log, and on
# the screen if it fails.
kbuild = mkdir -p $(2) && ln -sfnr $(3) $(2)/ && \
	{ $(MAKE) --no-silent -C /lib/modules/$(1)/build M=$(CURDIR)/$(2) KCFLAGS=-Werror W=1 $(4) >$(2)/log 2>&1 || \
	{ cat $(2)/log; false; }; }

build: $(KERNEL_MODULES)

$(KERNEL_MODULES): $(B)/kernel/%/vqnic.ko: $(KERNEL_DEPS)
	@echo "  MODULE $*"
	+@$(call kbuild,$*,$(@D),$(KERNEL_LINKS),modules)
	@touch $@

# The module's sources as a folder that builds by itself, laid out as for Kbuild above. Below /usr/src, whatever the
# prefix: there dkms looks for them.
.PHONY: install-kernel
KERNEL_INSTALLED = $(DESTDIR)/usr/src/vqnic-$(VQNIC_VERSION)
install-kernel:
	@install -d $(KERNEL_INSTALLED)/{probe,include/uapi/linux}
	@install -m 644 $(KERNEL_SOURCES) kernel/Kbuild hw/regs/vqnic_regs.h $(KERNEL_INSTALLED)/
	@install -m 644 kernel/probe/* $(KERNEL_INSTALLED)/probe/
	@install -m 644 kernel/include/uapi/linux/*.h $(KERNEL_INSTALLED)/include/uapi/linux/
	@sed 's|@VERSION@|$(VQNIC_VERSION)|' kernel/dkms.conf.in >$(KERNEL_INSTALLED)/dkms.conf

# sparse looks at every file again, in a folder of its own. Debian's is older than the newer kernel's headers: it lacks
# typeof_unqual, cannot compute MODULE_INFO's assertion ("bad constant expression"), and the script that checks its age
# is not packaged (so KBUILD_CHECKSRC, not C). What it says of other files than ours does not count.
.PHONY: lint-kernel
lint: lint-kernel
lint-kernel: $(KERNELS:%=$(B)/kernel/lint/%/passed) $(B)/kernel/lint/checkpatch

$(B)/kernel/lint/%/passed: $(KERNEL_DEPS)
	@echo "  SPARSE $*"
	+@$(call kbuild,$*,$(@D),$(KERNEL_LINKS),KBUILD_CHECKSRC=2 \
		CF='-D__CHECK_ENDIAN__ -D__typeof_unqual__=__typeof__' modules)
	@grep -q 'CHECK .*main\.c' $(@D)/log || { echo "sparse did not run: $(@D)/log"; false; }
	@! grep -E '^(/.*/lint/[^/]*/)?[a-z0-9_/]+\.[ch]:.*(warning|error):' $(@D)/log | grep -v 'bad constant expression'
	@touch $@

$(B)/kernel/lint/checkpatch: $(KERNEL_DEPS)
	@echo "  CHECKPATCH"
	@mkdir -p $(@D)
	@perl $(CHECKPATCH) --no-tree --strict --terse --no-summary --show-types \
		-f $(KERNEL_SOURCES) $(wildcard kernel/probe/*.c) kernel/include/uapi/linux/vqnic.h
	@touch $@

# What knows nothing of the kernel runs in a test program.
build-tests: $(B)/tests/kernel_mactable
$(B)/tests/kernel_mactable: tests/unit/kernel_mactable.c kernel/mactable.c kernel/mactable.h hw/regs/vqnic_regs.h \
		$(wildcard tests/unit/kernel/linux/*.h) kernel/rules.mk
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all -Itests/unit/kernel -Ikernel -Ihw/regs \
		-o $@ $(filter %.c,$^) -lcmocka
