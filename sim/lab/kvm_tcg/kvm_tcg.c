// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes KVM dependable in a host VM whose SVM is emulated by QEMU's TCG.
 *
 * After every exception that TCG delivers to a guest it clears the valid bit of the VMCB's event
 * to inject, not its type, and copies both to EXITINTINFO at the next exit. KVM, since Linux 6.14,
 * looks at the type alone: if that exit is an access to a device's registers, it takes it for one
 * in the midst of the delivery of an event, which cannot be, and stops the guest with "KVM internal
 * error. Suberror: 3". A guest that boots meets this one time in ten.
 *
 * A delivery that really touches a device's registers is a guest's stack there: this is let go on
 * as well, and faults as it did before 6.14.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

/* arch/x86/kvm/kvm_emulate.h, which is not for modules */
#define X86EMUL_CONTINUE 0
#define X86EMUL_UNHANDLEABLE_VECTORING 7

static atomic_t corrected;
module_param_named(corrected, corrected.counter, int, 0444);
MODULE_PARM_DESC(corrected, "exits that were taken for the delivery of an event");

static int kvm_tcg_on_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (regs_return_value(regs) == X86EMUL_UNHANDLEABLE_VECTORING) {
		regs_set_return_value(regs, X86EMUL_CONTINUE);
		atomic_inc(&corrected);
	}
	return 0;
}

static struct kretprobe kvm_tcg_probe = {
	.kp.symbol_name = "svm_check_emulate_instruction",
	.handler = kvm_tcg_on_return,
};

static int __init kvm_tcg_init(void)
{
	return register_kretprobe(&kvm_tcg_probe);
}

static void __exit kvm_tcg_exit(void)
{
	unregister_kretprobe(&kvm_tcg_probe);
}

module_init(kvm_tcg_init);
module_exit(kvm_tcg_exit);
MODULE_DESCRIPTION("KVM on QEMU's emulated SVM");
MODULE_LICENSE("GPL");
