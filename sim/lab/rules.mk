# SPDX-License-Identifier: Apache-2.0
#
# What virtual machines boot with, for each kernel of the lab: an initramfs for host VMs, one for guests in them, and the
# module that KVM wants there.

LAB_KERNELS := $(patsubst /lib/modules/%/build,%,$(wildcard /lib/modules/*/build))
GUEST_PROGRAMS := bash ethtool ip iperf3 ping
build: $(foreach name,initrd guest-initrd kvm_tcg.ko,$(LAB_KERNELS:%=$(B)/vm/%/$(name)))

$(B)/vm/%/initrd: sim/lab/initrd sim/lab/guest/init /boot/vmlinuz-%
	@echo "  INITRD $*"
	@mkdir -p $(@D)
	@sim/lab/initrd $* $@

$(B)/vm/%/guest-initrd: sim/lab/initrd $(wildcard sim/lab/guest/*) sim/lab/rules.mk /boot/vmlinuz-%
	@mkdir -p $(@D)
	@sim/lab/initrd $* $@ $(GUEST_PROGRAMS)

$(B)/vm/%/kvm_tcg.ko: sim/lab/kvm_tcg/kvm_tcg.c sim/lab/kvm_tcg/Kbuild
	@echo "  MODULE kvm_tcg $*"
	@mkdir -p $(@D) && ln -sfnr $^ $(@D)/
	+@$(MAKE) --no-silent -C /lib/modules/$*/build M=$(CURDIR)/$(@D) KCFLAGS=-Werror modules >$(@D)/log 2>&1 || \
		{ cat $(@D)/log; false; }
	@touch $@
