/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/machine/tree.h"
#include "examine.h"
#include "test.h"

#define BEGINS(id, text)                                                                           \
    do {                                                                                           \
        const char *found_ = examine(id);                                                          \
        CHECK_MSG(strncmp(found_, text, strlen(text)) == 0, "%s: %s", id, found_);                 \
    } while (0)

/* The machine's card, a bridge, and a network card; all in group 5 unless a test says otherwise. */
static struct pci_function all[] = {
    { .address = "0000:00:01.0", .class_code = 0x060400, .name = "Bridge", .iommu_group = 5 },
    { .address = "0000:01:00.0",
      .vendor = 0x10de,
      .class_code = 0x030000,
      .name = "Card",
      .driver = "vfio-pci",
      .iommu_group = 5 },
    { .address = "0000:01:00.1", .class_code = 0x040300, .name = "Sound", .iommu_group = 5 },
    { .address = "0000:02:00.0", .class_code = 0x020000, .name = "Net", .iommu_group = 7 },
};

static void begin(void)
{
    examine_begin();
    examine_machine()->pci = all;
    examine_machine()->pci_count = ARRAY_LEN(all);
}

TEST(a_bridge_and_the_cards_own_sound_may_share_the_group)
{
    begin();
    BEGINS("iommu.gpu_alone", "ok: Group 5 has the card alone");
}

TEST(a_stranger_may_not)
{
    begin();
    all[3].iommu_group = 5;
    BEGINS("iommu.gpu_alone", "failure: Group 5 has more than the card, and all of it would go to "
                              "the guest: 0000:02:00.0 Net");
    CHECK(strstr(examine_fix(), "slot nearest to the processor"));
}

/* The lowest digit of an address is no part of the slot's name. */
TEST(slots_with_like_addresses_are_strangers)
{
    begin();
    all[3].iommu_group = 5;
    snprintf(all[3].address, sizeof(all[3].address), "0000:01:01.0");
    BEGINS("iommu.gpu_alone", "failure");
}

TEST(groups_without_iommu)
{
    begin();
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        all[i].iommu_group = -1;
    BEGINS("iommu.groups", "not_applicable: There are no groups while the IOMMU is off");
    BEGINS("iommu.gpu_alone", "not_applicable");
}

TEST(groups_are_listed_by_number_without_those_of_bridges)
{
    begin();
    all[0].iommu_group = 2;
    all[3].iommu_group = 10;
    CHECK_STR(examine("iommu.groups"), "ok: 0000:01:00.0 Card; 0000:01:00.1 Sound\n"
                                       "ok: 0000:02:00.0 Net");
}

TEST(acs_override)
{
    static char *parameters[] = { (char *)"pcie_acs_override=downstream" };
    begin();
    BEGINS("iommu.acs_override", "ok");
    examine_machine()->parameters = parameters;
    examine_machine()->parameter_count = 1;
    examine_machine()->distro.boot = BOOT_GRUBBY;
    BEGINS("iommu.acs_override", "warning: pcie_acs_override=downstream splits groups");
    CHECK(strstr(examine_fix(), "--remove-args=\"pcie_acs_override=downstream\""));
}
