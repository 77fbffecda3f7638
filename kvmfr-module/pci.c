// SPDX-License-Identifier: GPL-2.0
/* The ivshmem device of QEMU in a guest: its memory is BAR 2. */
#include "kvmfr.h"

#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci.h>

#define BAR_MEMORY	2

static struct kvmfr_mem *memory_of(struct pci_dev *pdev)
{
	resource_size_t start = pci_resource_start(pdev, BAR_MEMORY);
	resource_size_t bytes = pci_resource_len(pdev, BAR_MEMORY);
	struct kvmfr_mem *mem;

	if (!(pci_resource_flags(pdev, BAR_MEMORY) & IORESOURCE_MEM) || !bytes) {
		dev_err(&pdev->dev, "no memory in BAR 2\n");
		return ERR_PTR(-ENODEV);
	}
	mem = kvmfr_bar_create(start, bytes, dev_to_node(&pdev->dev));
	if (IS_ERR(mem))
		dev_err(&pdev->dev, "BAR 2 (%llu bytes) cannot be used: %pe\n",
			(unsigned long long)bytes, mem);
	return mem;
}

static int start_device(struct pci_dev *pdev)
{
	struct kvmfr_mem *mem = memory_of(pdev);
	struct kvmfr_dev *kdev;
	int err;

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	kdev = kvmfr_dev_create(mem, &pdev->dev);
	if (IS_ERR(kdev))
		return PTR_ERR(kdev);
	kdev->pci = true;
	err = kvmfr_bell_start(&kdev->bell, pdev);
	if (err) {
		dev_err(&pdev->dev, "the doorbell cannot be used: %pe\n", ERR_PTR(err));
		goto put;
	}
	pci_set_drvdata(pdev, kdev);
	err = kvmfr_dev_publish(kdev);
	if (!err)
		return 0;
	dev_err(&pdev->dev, "no device node: %pe\n", ERR_PTR(err));
	kvmfr_bell_stop(&kdev->bell, pdev);
put:
	put_device(&kdev->dev);
	return err;
}

static int kvmfr_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err = pci_enable_device(pdev);

	if (err)
		return err;
	err = pci_request_regions(pdev, KVMFR_NAME);
	if (err)
		goto disable;
	err = start_device(pdev);
	if (!err)
		return 0;
	pci_release_regions(pdev);
disable:
	pci_disable_device(pdev);
	return err;
}

static void kvmfr_remove(struct pci_dev *pdev)
{
	struct kvmfr_dev *kdev = pci_get_drvdata(pdev);

	kvmfr_bar_revoke(kdev->view.mem);
	kvmfr_bell_stop(&kdev->bell, pdev);
	kvmfr_dev_withdraw(kdev);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

static const struct pci_device_id kvmfr_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{}
};
MODULE_DEVICE_TABLE(pci, kvmfr_ids);

static struct pci_driver kvmfr_driver = {
	.name = KVMFR_NAME,
	.id_table = kvmfr_ids,
	.probe = kvmfr_probe,
	.remove = kvmfr_remove,
};

int kvmfr_pci_init(void)
{
	return pci_register_driver(&kvmfr_driver);
}

void kvmfr_pci_exit(void)
{
	pci_unregister_driver(&kvmfr_driver);
}
