// SPDX-License-Identifier: GPL-2.0
/*
 * The doorbell of an ivshmem device: registers in BAR 0, one MSI-X interrupt per vector. Every open
 * file hears every ring.
 */
#include "kvmfr.h"

#include <linux/bits.h>
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/poll.h>

#include "compat.h"

/* docs/specs/ivshmem-spec of QEMU */
#define BAR_REGISTERS		0
#define REG_IV_POSITION		8
#define REG_DOORBELL		12
#define REGISTERS_BYTES		16

void kvmfr_bell_init(struct kvmfr_bell *bell)
{
	spin_lock_init(&bell->lock);
	INIT_LIST_HEAD(&bell->listeners);
	init_waitqueue_head(&bell->wait);
}

static irqreturn_t bell_rung(int irq, void *arg)
{
	struct kvmfr_bell_line *line = arg;
	struct kvmfr_bell *bell = line->bell;
	struct kvmfr_listener *listener;
	unsigned long flags;

	spin_lock_irqsave(&bell->lock, flags);
	list_for_each_entry(listener, &bell->listeners, link) {
		listener->pending |= BIT_ULL(line->vector);
		if (listener->events[line->vector])
			kvmfr_eventfd_signal(listener->events[line->vector]);
	}
	spin_unlock_irqrestore(&bell->lock, flags);
	wake_up_poll(&bell->wait, EPOLLIN | EPOLLRDNORM);
	return IRQ_HANDLED;
}

static void free_lines(struct kvmfr_bell *bell, struct pci_dev *pdev, unsigned int count)
{
	while (count--)
		free_irq(pci_irq_vector(pdev, count), &bell->lines[count]);
	pci_free_irq_vectors(pdev);
}

static int request_lines(struct kvmfr_bell *bell, struct pci_dev *pdev, unsigned int count)
{
	unsigned int i;
	int err;

	for (i = 0; i < count; i++) {
		bell->lines[i].bell = bell;
		bell->lines[i].vector = i;
		err = request_irq(pci_irq_vector(pdev, i), bell_rung, 0, KVMFR_NAME,
				  &bell->lines[i]);
		if (err) {
			free_lines(bell, pdev, i);
			return err;
		}
	}
	return 0;
}

static int start_lines(struct kvmfr_bell *bell, struct pci_dev *pdev, int wanted)
{
	int count;
	int err;

	count = pci_alloc_irq_vectors(pdev, 1, min(wanted, KVMFR_MAX_VECTORS), PCI_IRQ_MSIX);
	if (count < 0)
		return count;
	err = request_lines(bell, pdev, count);
	if (!err)
		bell->vectors = count;
	return err;
}

int kvmfr_bell_start(struct kvmfr_bell *bell, struct pci_dev *pdev)
{
	int vectors = pci_msix_vec_count(pdev);
	void __iomem *regs;
	int err;

	if (vectors <= 0 || pci_resource_len(pdev, BAR_REGISTERS) < REGISTERS_BYTES)
		return 0;
	regs = pci_iomap(pdev, BAR_REGISTERS, 0);
	if (!regs)
		return -ENOMEM;
	pci_set_master(pdev); /* interrupts of this kind are writes of the device */
	bell->peer_id = ioread32(regs + REG_IV_POSITION);
	err = start_lines(bell, pdev, vectors);
	if (err) {
		pci_clear_master(pdev);
		pci_iounmap(pdev, regs);
		return err;
	}
	spin_lock_irq(&bell->lock);
	bell->regs = regs;
	spin_unlock_irq(&bell->lock);
	return 0;
}

/* Whoever sleeps on a ring finds out that there will be none. */
static void wake_all(struct kvmfr_bell *bell)
{
	struct kvmfr_listener *listener;
	unsigned int i;

	spin_lock_irq(&bell->lock);
	list_for_each_entry(listener, &bell->listeners, link) {
		for (i = 0; i < KVMFR_MAX_VECTORS; i++) {
			if (listener->events[i])
				kvmfr_eventfd_signal(listener->events[i]);
		}
	}
	spin_unlock_irq(&bell->lock);
	wake_up_poll(&bell->wait, EPOLLHUP | EPOLLERR);
}

void kvmfr_bell_stop(struct kvmfr_bell *bell, struct pci_dev *pdev)
{
	void __iomem *regs;

	spin_lock_irq(&bell->lock);
	regs = bell->regs;
	bell->regs = NULL;
	bell->gone = regs;
	spin_unlock_irq(&bell->lock);
	if (!regs)
		return;
	free_lines(bell, pdev, bell->vectors);
	pci_clear_master(pdev);
	pci_iounmap(pdev, regs);
	wake_all(bell);
}

void kvmfr_bell_listen(struct kvmfr_bell *bell, struct kvmfr_listener *listener)
{
	spin_lock_irq(&bell->lock);
	list_add(&listener->link, &bell->listeners);
	spin_unlock_irq(&bell->lock);
}

void kvmfr_bell_leave(struct kvmfr_bell *bell, struct kvmfr_listener *listener)
{
	unsigned int i;

	spin_lock_irq(&bell->lock);
	list_del(&listener->link);
	spin_unlock_irq(&bell->lock);
	for (i = 0; i < KVMFR_MAX_VECTORS; i++) {
		if (listener->events[i])
			eventfd_ctx_put(listener->events[i]);
	}
}

static int state_locked(const struct kvmfr_bell *bell)
{
	if (bell->regs)
		return 0;
	return bell->gone ? -ENODEV : -EOPNOTSUPP;
}

int kvmfr_bell_state(struct kvmfr_bell *bell)
{
	int state;

	spin_lock_irq(&bell->lock);
	state = state_locked(bell);
	spin_unlock_irq(&bell->lock);
	return state;
}

int kvmfr_bell_ring(struct kvmfr_bell *bell, u16 peer, u16 vector)
{
	int err;

	spin_lock_irq(&bell->lock);
	err = state_locked(bell);
	if (!err) {
		wmb(); /* what the ring announces is in memory before it */
		iowrite32((u32)peer << 16 | vector, bell->regs + REG_DOORBELL);
	}
	spin_unlock_irq(&bell->lock);
	return err;
}

int kvmfr_bell_set_event(struct kvmfr_bell *bell, struct kvmfr_listener *listener,
			 unsigned int vector, struct eventfd_ctx *event)
{
	int err;

	spin_lock_irq(&bell->lock);
	err = state_locked(bell);
	if (!err && vector >= bell->vectors)
		err = -EINVAL;
	if (!err)
		swap(listener->events[vector], event);
	spin_unlock_irq(&bell->lock);
	if (!err && event)
		eventfd_ctx_put(event);
	return err;
}

int kvmfr_bell_take(struct kvmfr_bell *bell, struct kvmfr_listener *listener, u64 *vectors)
{
	int err;

	spin_lock_irq(&bell->lock);
	err = state_locked(bell);
	if (!err) {
		*vectors &= listener->pending;
		listener->pending &= ~*vectors;
	}
	spin_unlock_irq(&bell->lock);
	return err;
}

bool kvmfr_bell_pending(struct kvmfr_bell *bell, struct kvmfr_listener *listener)
{
	bool pending;

	spin_lock_irq(&bell->lock);
	pending = listener->pending;
	spin_unlock_irq(&bell->lock);
	return pending;
}
