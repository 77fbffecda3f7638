// SPDX-License-Identifier: GPL-2.0
/*
 * kvmfr - memory that a virtual machine shares with programs, as /dev/kvmfrN: memory of this
 * machine for QEMU and a viewer on it, or of an ivshmem device in a guest. All parts are put
 * together here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "kvmfr.h"

#include <linux/module.h>
#include <linux/moduleparam.h>

#include "compat.h"

static unsigned int static_size_mb[KVMFR_MAX_DEVICES];
static int static_count;
module_param_array(static_size_mb, uint, &static_count, 0);
MODULE_PARM_DESC(static_size_mb, "devices of these sizes, in MiB: 64,128");

static char *modes[KVMFR_MAX_DEVICES];
static int mode_count;
module_param_array(modes, charp, &mode_count, 0);
MODULE_PARM_DESC(modes, "devices large enough for these modes: 3840x2160,2560x1440@hdr");

static bool huge_pages = true;
module_param(huge_pages, bool, 0444);
MODULE_PARM_DESC(huge_pages, "take memory in blocks of 2 MiB where there are any (default: yes)");

static bool lazy;
module_param(lazy, bool, 0444);
MODULE_PARM_DESC(lazy, "take memory when a device is first opened, not before (default: no)");

static int add_all(void)
{
	int i, err;

	for (i = 0; i < static_count; i++) {
		err = kvmfr_control_add_mib(static_size_mb[i]);
		if (err) {
			pr_err("no device of %u MiB (static_size_mb): %pe\n", static_size_mb[i],
			       ERR_PTR(err));
			return err;
		}
	}
	for (i = 0; i < mode_count; i++) {
		err = kvmfr_control_add_mode(modes[i]);
		if (err) {
			pr_err("no device for mode '%s': %pe\n", modes[i], ERR_PTR(err));
			return err;
		}
	}
	return 0;
}

static int __init kvmfr_init(void)
{
	const struct kvmfr_control_options options = { .huge_pages = huge_pages, .lazy = lazy };
	int err = kvmfr_dev_init();

	if (err)
		return err;
	kvmfr_control_open(&options);
	err = add_all();
	if (!err)
		err = kvmfr_pci_init();
	if (err) {
		kvmfr_control_close();
		kvmfr_dev_exit();
	}
	return err;
}

static void __exit kvmfr_exit(void)
{
	kvmfr_pci_exit();
	kvmfr_control_close();
	kvmfr_dev_exit();
}

module_init(kvmfr_init);
module_exit(kvmfr_exit);

MODULE_DESCRIPTION("Memory shared between a virtual machine and programs");
MODULE_AUTHOR("The Espelho authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
KVMFR_IMPORT_DMA_BUF();
