// SPDX-License-Identifier: GPL-2.0
/* The life of a driver (kernel/lifecycle.c): each edge that exists is taken, and each that does not is refused and changes nothing. */
#include <kernel/device.h>
#include <ktest.h>
#include <lib/string.h>

KTEST_SUITE(lifecycle);

static struct device dev;

static int from_to(enum driver_state from, enum driver_state to)
{
	memset(&dev, 0, sizeof(dev));
	str_copy(dev.name, "test.0", sizeof(dev.name));
	str_copy(dev.driver_name, "test", sizeof(dev.driver_name));
	dev.state = from;
	return device_set_state(&dev, to);
}

/* One case an edge. */
#define EDGE(name, from, to)							\
	KTEST_CASE(name)							\
	{									\
		EXPECT_EQ(from_to(DRIVER_##from, DRIVER_##to), 0);		\
		EXPECT_EQ(dev.state, DRIVER_##to);				\
	}

#define EDGES(E)								\
	E(unbound_is_spawned, UNBOUND, SPAWNED)					\
	E(unbound_probes_when_linked_in, UNBOUND, PROBING)			\
	E(spawned_initializes, SPAWNED, INITIALIZING)				\
	E(spawned_crashes, SPAWNED, CRASHED)					\
	E(spawned_loses_its_device, SPAWNED, UNBOUND)				\
	E(initializing_is_granted, INITIALIZING, GRANTED)			\
	E(initializing_is_refused, INITIALIZING, FAILED)			\
	E(initializing_crashes, INITIALIZING, CRASHED)				\
	E(initializing_loses_its_device, INITIALIZING, UNBOUND)			\
	E(granted_probes, GRANTED, PROBING)					\
	E(granted_crashes, GRANTED, CRASHED)					\
	E(granted_loses_its_device, GRANTED, UNBOUND)				\
	E(probing_runs, PROBING, RUNNING)					\
	E(probing_fails, PROBING, FAILED)					\
	E(probing_crashes, PROBING, CRASHED)					\
	E(probing_finds_no_device, PROBING, UNBOUND)				\
	E(running_crashes, RUNNING, CRASHED)					\
	E(running_is_stopped, RUNNING, QUIESCED)				\
	E(running_fails_when_linked_in, RUNNING, FAILED)			\
	E(running_loses_its_device, RUNNING, UNBOUND)				\
	E(crashed_waits_for_a_successor, CRASHED, RESTARTING)			\
	E(crashed_stays_dead, CRASHED, FAILED)					\
	E(crashed_loses_its_device, CRASHED, UNBOUND)				\
	E(restarting_is_spawned, RESTARTING, SPAWNED)				\
	E(restarting_falls_back_to_the_kernel, RESTARTING, PROBING)		\
	E(restarting_is_given_up, RESTARTING, FAILED)				\
	E(restarting_is_stopped, RESTARTING, QUIESCED)				\
	E(restarting_loses_its_device, RESTARTING, UNBOUND)			\
	E(failed_is_started, FAILED, SPAWNED)					\
	E(failed_is_started_linked_in, FAILED, PROBING)				\
	E(failed_loses_its_device, FAILED, UNBOUND)				\
	E(quiesced_is_started, QUIESCED, SPAWNED)				\
	E(quiesced_is_started_linked_in, QUIESCED, PROBING)			\
	E(quiesced_is_reloaded, QUIESCED, RESTARTING)				\
	E(quiesced_loses_its_device, QUIESCED, UNBOUND)

EDGES(EDGE)

static bool listed(enum driver_state from, enum driver_state to)
{
#define IS(name, a, b)	if (from == DRIVER_##a && to == DRIVER_##b) return true;
	EDGES(IS)
	return false;
}

KTEST_CASE(every_other_edge_is_refused_and_changes_nothing)
{
	for (unsigned int from = 0; from < DRIVER_STATES; from++) {
		for (unsigned int to = 0; to < DRIVER_STATES; to++) {
			if (from == to || listed((enum driver_state)from, (enum driver_state)to))
				continue;
			EXPECT_EQ(from_to((enum driver_state)from, (enum driver_state)to), -EINVAL);
			EXPECT_EQ(dev.state, from);
		}
	}
}

KTEST_CASE(state_that_is_there_already_is_no_edge)
{
	EXPECT_EQ(from_to(DRIVER_RUNNING, DRIVER_RUNNING), 0);
	EXPECT_FALSE(driver_state_may(DRIVER_RUNNING, DRIVER_RUNNING));
}

KTEST_CASE(number_that_is_no_state_is_refused)
{
	EXPECT_EQ(from_to(DRIVER_RUNNING, DRIVER_STATES), -EINVAL);
	EXPECT_FALSE(driver_state_may(DRIVER_STATES, DRIVER_RUNNING));
	EXPECT_STREQ(driver_state_name(DRIVER_STATES), "?");
}
