# SPDX-License-Identifier: Apache-2.0
#
# What virtual machines boot with, for each kernel of the lab ($(KERNELS), kernel/rules.mk): an initramfs for host VMs,
# one for guests in them, and the module that KVM wants there.

GUEST_PROGRAMS := bash ethtool ip iperf3 ping
build: $(foreach name,initrd guest-initrd kvm_tcg.ko,$(KERNELS:%=$(B)/vm/%/$(name)))

$(B)/vm/%/initrd: sim/lab/initrd sim/lab/guest/init /boot/vmlinuz-%
	@echo "  INITRD $*"
	@mkdir -p $(@D)
	@sim/lab/initrd $* $@

$(B)/vm/%/guest-initrd: sim/lab/initrd $(wildcard sim/lab/guest/*) sim/lab/rules.mk /boot/vmlinuz-%
	@mkdir -p $(@D)
	@sim/lab/initrd $* $@ $(GUEST_PROGRAMS)

$(B)/vm/%/kvm_tcg.ko: sim/lab/kvm_tcg/kvm_tcg.c sim/lab/kvm_tcg/Kbuild
	@echo "  MODULE kvm_tcg $*"
	+@$(call kbuild,$*,$(@D),$^,modules)
	@touch $@
