// SPDX-License-Identifier: GPL-2.0
/* The ladder of resets: which way is taken, what is on the way of a bus reset, and that configuration space is what it was. */
#include <ktest.h>
#include <lib/string.h>

/* This file's own world for the code under test. */
#define klog reset_klog
#define time_now reset_time_now
#define sleep_until reset_sleep_until
#define cmdline_get reset_cmdline_get
#define pci_read reset_pci_read
#define pci_write reset_pci_write
#define pci_update16 reset_pci_update16
#define pci_capability reset_pci_capability
#define pci_stop_by_recipe reset_stop_by_recipe
#define pci_port_hold reset_port_hold
#define pci_port_release reset_port_release
#define pci_reset_function reset_pci_reset_function
#include "drivers/bus/pci/reset.c"

KTEST_SUITE(pci_reset);

#define EXP	0x40u
#define PM	0x60u
#define AF	0x70u
#define BUS	5u
#define BAR	0xfebf0000u

/* A port, the function behind it, and perhaps a second one there. */
static struct pci_function port, f;
static uint8_t port_space[256], space[256];
static bool has_neighbour, has_recipe, busy, dead, link_returns;
static const char *cmdline;
static unsigned int bus_resets, flrs, trips, held, released, events_while_open;
static time_ns_t now;

void klog(int level, const char *fmt, ...)
{
}

time_ns_t time_now(void)
{
	return now;
}

int sleep_until(time_ns_t until, bool interruptible)
{
	now = until;
	return 0;
}

const char *cmdline_get(const char *key, char *value, size_t size)
{
	if (!cmdline || strcmp(key, "pci_reset"))
		return NULL;
	str_copy(value, cmdline, size);
	return value;
}

bool pci_stop_by_recipe(struct pci_function *function)
{
	return has_recipe;
}

bool pci_port_hold(struct pci_function *p)
{
	held += !busy;
	return !busy;
}

void pci_port_release(struct pci_function *p)
{
	released++;
}

uint8_t pci_capability(const struct pci_function *function, uint8_t id, uint8_t previous)
{
	return id == PCI_CAP_ID_AF ? space[AF] : 0;
}

static uint8_t *space_of(const struct pci_function *at)
{
	if (at->bus != BUS)
		return port_space;
	return at->slot || at->function || dead ? NULL : space;
}

uint32_t pci_read(const struct pci_function *at, uint32_t offset, uint32_t size)
{
	uint8_t *s = space_of(at);
	uint32_t value = 0;

	if (!s)
		return has_neighbour && at->function == 1 && offset == PCI_VENDOR ? 0x8086 : UINT32_MAX >> (32 - size * 8);
	for (uint32_t i = 0; i < size; i++)
		value |= (uint32_t)s[offset + i] << i * 8;
	return value;
}

static void put(uint8_t *s, uint32_t offset, uint32_t size, uint32_t value)
{
	for (uint32_t i = 0; i < size; i++)
		s[offset + i] = (uint8_t)(value >> i * 8);
}

/* What a reset leaves of configuration space. */
static void forget(void)
{
	put(space, PCI_COMMAND, 2, 0);
	for (uint32_t i = 0; i < 6; i++)
		put(space, PCI_BAR0 + 4 * i, 4, 0);
	put(space, EXP + EXP_DEVCTL, 2, 0);
}

static void port_written(uint32_t before, uint32_t after)
{
	if (after & ~before & BRIDGE_BUS_RESET) {
		bus_resets++;
		events_while_open += held == released;
		forget();
		dead = true;
	}
	if (before & ~after & BRIDGE_BUS_RESET)
		dead = !link_returns;
}

void pci_write(const struct pci_function *at, uint32_t offset, uint32_t size, uint32_t value)
{
	uint8_t *s = space_of(at);
	uint32_t before = pci_read(at, offset, size);

	if (!s)
		return;
	put(s, offset, size, value);
	if (s == port_space && offset == BRIDGE_CONTROL)
		port_written(before, value);
	if (s == space && offset == EXP + EXP_DEVCTL && value & EXP_DEVCTL_FLR)
		flrs++;
	if (s == space && offset == PM + PM_CONTROL)
		trips += (value & PM_STATE) == 3;
}

void pci_update16(const struct pci_function *at, uint32_t offset, uint32_t clear, uint32_t set)
{
	pci_write(at, offset, 2, (pci_read(at, offset, 2) & ~clear) | set);
}

/* A function without any way of its own, alone behind a root port. */
static void fresh(void)
{
	memset(space, 0, sizeof(space));
	memset(port_space, 0, sizeof(port_space));
	port = (struct pci_function){ .header_type = PCI_HEADER_BRIDGE, .cap_exp = EXP };
	f = (struct pci_function){ .bus = BUS, .vendor = 0x1234, .bridge = &port, .cap_exp = EXP };
	put(port_space, PCI_SECONDARY_BUS, 1, BUS);
	put(port_space, EXP + EXP_FLAGS, 2, EXP_ROOT_PORT << 4);
	put(space, PCI_VENDOR, 2, 0x1234);
	put(space, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	put(space, PCI_BAR0, 4, BAR);
	put(space, EXP + EXP_DEVCTL, 2, 0x2810);
	has_neighbour = has_recipe = busy = dead = false;
	link_returns = true;
	cmdline = NULL;
	bus_resets = flrs = trips = held = released = events_while_open = 0;
}

static bool space_is_as_it_was(void)
{
	return pci_read(&f, PCI_BAR0, 4) == BAR && pci_read(&f, PCI_COMMAND, 2) == PCI_COMMAND_MEMORY && pci_read(&f, EXP + EXP_DEVCTL, 2) == 0x2810;
}

KTEST_CASE(recipe_comes_before_everything)
{
	fresh();
	has_recipe = true;
	put(space, EXP + EXP_DEVCAP, 4, EXP_DEVCAP_FLR);
	EXPECT_EQ(pci_reset_function(&f), 0);
	EXPECT_EQ(flrs + trips + bus_resets, 0);
}

KTEST_CASE(flr_comes_before_power)
{
	fresh();
	f.cap_pm = PM;
	put(space, EXP + EXP_DEVCAP, 4, EXP_DEVCAP_FLR);
	EXPECT_EQ(pci_reset_function(&f), 0);
	EXPECT_EQ(flrs, 1);
	EXPECT_EQ(trips + bus_resets, 0);
	EXPECT_TRUE(space_is_as_it_was());
}

KTEST_CASE(power_comes_before_the_bus)
{
	fresh();
	f.cap_pm = PM;
	EXPECT_EQ(pci_reset_function(&f), 0);
	EXPECT_EQ(trips, 1);
	EXPECT_EQ(bus_resets, 0);
}

KTEST_CASE(power_that_resets_nothing_is_passed_over)
{
	fresh();
	f.cap_pm = PM;
	put(space, PM + PM_CONTROL, 2, PM_NO_SOFT_RESET);
	EXPECT_EQ(pci_reset_function(&f), 0);
	EXPECT_EQ(trips, 0);
	EXPECT_EQ(bus_resets, 1);
}

KTEST_CASE(bus_is_reset_with_the_slot_held_and_all_is_restored)
{
	fresh();
	EXPECT_EQ(pci_reset_function(&f), 0);
	EXPECT_EQ(bus_resets, 1);
	EXPECT_EQ(held, 1);
	EXPECT_EQ(released, 1);
	EXPECT_EQ(events_while_open, 0);
	EXPECT_TRUE(!(pci_read(&port, BRIDGE_CONTROL, 2) & BRIDGE_BUS_RESET));
	EXPECT_TRUE(space_is_as_it_was());
}

KTEST_CASE(neighbour_behind_the_port_forbids_it)
{
	fresh();
	has_neighbour = true;
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
	EXPECT_EQ(bus_resets, 0);
}

KTEST_CASE(bus_without_a_port_of_its_own_is_let_be)
{
	fresh();
	f.bridge = NULL;
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
	fresh();
	port.cap_exp = 0;	/* a conventional bridge */
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
	fresh();
	put(port_space, EXP + EXP_FLAGS, 2, 5u << 4);	/* the upstream port of a switch */
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
	fresh();
	put(port_space, PCI_SECONDARY_BUS, 1, BUS + 1);
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
	EXPECT_EQ(bus_resets, 0);
}

KTEST_CASE(card_that_comes_or_goes_is_not_disturbed)
{
	fresh();
	busy = true;
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
	EXPECT_EQ(bus_resets, 0);
}

KTEST_CASE(link_that_does_not_return_is_no_reset)
{
	time_ns_t before;

	fresh();
	link_returns = false;
	before = now;
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
	EXPECT_EQ(released, 1);
	EXPECT_TRUE((now - before) / NSEC_PER_MSEC < 2500);
}

KTEST_CASE(command_line_chooses_the_ways)
{
	fresh();
	has_recipe = true;
	cmdline = "bus";
	EXPECT_EQ(pci_reset_function(&f), 0);
	EXPECT_EQ(bus_resets, 1);
	fresh();
	cmdline = "flr,pm";
	EXPECT_EQ(pci_reset_function(&f), -EOPNOTSUPP);
}
