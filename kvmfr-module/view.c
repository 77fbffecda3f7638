// SPDX-License-Identifier: GPL-2.0
#include "kvmfr.h"

#include <linux/mm.h>

#include "compat.h"

static vm_fault_t view_fault(struct vm_fault *vmf)
{
	struct kvmfr_view *view = vmf->vma->vm_private_data;

	if (vmf->pgoff >= view->count)
		return VM_FAULT_SIGBUS;
	return view->mem->ops->fault(view->mem, vmf, view->first + vmf->pgoff);
}

/* Every mapping holds its file, which holds the view and the memory. */
static const struct vm_operations_struct view_vm_ops = {
	.fault = view_fault,
};

static bool is_copy_on_write(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

int kvmfr_view_mmap(struct kvmfr_view *view, struct vm_area_struct *vma)
{
	if (!kvmfr_part_inside(vma->vm_pgoff, vma_pages(vma), view->count))
		return -EINVAL;
	if (kvmfr_mem_revoked(view->mem))
		return -ENODEV;
	kvmfr_vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	if (view->mem->revocable) {
		/* Without references on pages, so that revoking waits for nobody. */
		if (is_copy_on_write(vma))
			return -EINVAL;
		kvmfr_vm_flags_set(vma, VM_PFNMAP);
	}
	vma->vm_ops = &view_vm_ops;
	vma->vm_private_data = view;
	return 0;
}
