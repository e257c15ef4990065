// SPDX-License-Identifier: GPL-2.0
/*
 * The namespaces of an NVMe controller (NVM Express 1.4, sections 5.14, 5.15, 6.1): found in probe, where each answer is waited for, and
 * later, when the controller tells by an event that some changed. Then the list of those is read, which lets the next event come, then
 * which namespaces are active, then each for what it is: new ones are announced, those that are gone withdrawn, those of another size told
 * of. A namespace stands among the disks at its number where that is free, so that a successor of this driver finds each at the same place.
 * The place of one that is gone rests, lest requests of the old disk reach the new one. All on strand 0.
 */
#include <driver/log.h>
#include <driver/time.h>
#include "nvme.h"

#define CNS_NAMESPACE		0
#define CNS_ACTIVE		2
#define LOG_NAMESPACES		0x04
#define LIST_IDS		(NVME_PAGE / 4)
#define REST_US			6000000u	/* more than the core waits for the requests of a disk that left */
#define BLOCKS_MAX		BIT64(50)

/* Identify namespace (figure 245). */
#define NS_SIZE			0
#define NS_FEATURES		24
#define NSFEAT_OPTPERF		BIT(4)
#define NS_NR_FORMATS		25
#define NS_FORMAT		26
#define NS_DLFEAT		33
#define DLFEAT_ZEROES		1u		/* deallocated blocks read as zeroes */
#define DLFEAT_DEALLOCATE	BIT(3)
#define NS_NPWG			64
#define NS_ATTRIBUTES		99
#define NSATTR_PROTECTED	BIT(0)
#define NS_FORMATS		128

#define STEP_CHANGED		0
#define STEP_ACTIVE		1
#define STEP_EACH		2

/* ---- What the page says of one ---- */

static uint32_t physical_size(const struct nvme *n, uint32_t block_size)
{
	uint32_t blocks = dma_read16(&n->page, NS_NPWG) + 1u;

	if (!(dma_read8(&n->page, NS_FEATURES) & NSFEAT_OPTPERF) || blocks & (blocks - 1) || blocks * block_size > 65536)
		return block_size;
	return blocks * block_size;
}

/* -ENODEV: it is not attached, the page is all zeroes. -EINVAL with a reason when it cannot be a disk here. */
static int namespace_read(const struct nvme *n, struct nvme_namespace *ns, const char **why)
{
	uint8_t format = dma_read8(&n->page, NS_FORMAT) & 15, dlfeat = dma_read8(&n->page, NS_DLFEAT);
	uint32_t type = dma_read32(&n->page, NS_FORMATS + 4u * format);
	uint32_t shift = type >> 16 & 0xff;

	ns->nr_blocks = dma_read64(&n->page, NS_SIZE);
	*why = NULL;
	if (!ns->nr_blocks)
		return -ENODEV;
	if (format > dma_read8(&n->page, NS_NR_FORMATS))
		*why = "its format is not in its list";
	else if (type & 0xffff)
		*why = "blocks with metadata";
	else if (shift < 9 || shift > 12)
		*why = "its block size";
	else if (ns->nr_blocks > BLOCKS_MAX)
		*why = "its size";
	if (*why)
		return -EINVAL;
	ns->block_size = 1u << shift;
	ns->physical_block_size = physical_size(n, ns->block_size);
	ns->read_only = dma_read8(&n->page, NS_ATTRIBUTES) & NSATTR_PROTECTED;
	ns->zeroes_deallocate = dlfeat & DLFEAT_DEALLOCATE && (dlfeat & 7) == DLFEAT_ZEROES;
	return 0;
}

/* ---- Places ---- */

static int place_of(struct nvme *n, uint32_t id)
{
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		const struct nvme_namespace *ns = nvme_unit(n, i);

		if (ns && ns->id == id)
			return (int)i;
	}
	return -ENOENT;
}

/* -EAGAIN: its place rests. */
static int place_free(struct nvme *n, uint32_t id)
{
	uint64_t now = time_now_us();

	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++) {
		unsigned int at = (id - 1 + i) % BLOCK_UNITS_MAX;
		bool rests = n->units[at].gone_us && now - n->units[at].gone_us <= REST_US;

		if (rests && n->units[at].id == id)
			return -EAGAIN;
		if (!rests && !nvme_unit(n, at))
			return (int)at;
	}
	return -ENOSPC;
}

/* ---- Namespaces come, change, go ---- */

static void space_gone(struct nvme *n, unsigned int place, const char *why)
{
	struct nvme_namespace *ns = &n->units[place];

	dev_warn(n->dev, "namespace %u is gone: %s", ns->id, why);
	ns->gone_us = time_now_us() | 1;
	__atomic_store_n(&ns->present, 0, __ATOMIC_RELEASE);
	n->nr_units--;
	block_unregister_unit(n->dev, place);
}

/* In probe all are announced together at its end. */
static void space_add(struct nvme *n, uint32_t id, const struct nvme_namespace *found)
{
	int place = place_free(n, id);
	struct nvme_namespace *ns;

	if (place == -EAGAIN)
		n->rescan_us = time_now_us() + REST_US;
	else if (place < 0)
		dev_warn(n->dev, "more than %u namespaces: %u is left out", BLOCK_UNITS_MAX, id);
	if (place < 0)
		return;
	ns = &n->units[place];
	*ns = *found;
	ns->id = id;
	__atomic_store_n(&ns->present, 1, __ATOMIC_RELEASE);
	n->nr_units++;
	if (n->job == NVME_JOB_SCAN && nvme_disk_announce(n, (unsigned int)place)) {
		__atomic_store_n(&ns->present, 0, __ATOMIC_RELEASE);
		n->nr_units--;
	}
}

static void space_change(struct nvme *n, unsigned int place, const struct nvme_namespace *found)
{
	struct nvme_namespace *ns = &n->units[place];
	uint32_t id = ns->id;

	if (found->block_size != ns->block_size || found->read_only != ns->read_only) {
		space_gone(n, place, "it has another format");
		space_add(n, id, found);
	} else if (found->nr_blocks != ns->nr_blocks) {
		dev_info(n->dev, "namespace %u changed its size, blocks=%llu", id, (unsigned long long)found->nr_blocks);
		ns->nr_blocks = found->nr_blocks;
		block_resize_unit(n->dev, place, found->nr_blocks);
	}
}

/* Identify was answered with @err, for namespace @id. One that is known and could not be asked stays what it was. */
static void space_taken(struct nvme *n, uint32_t id, int err)
{
	struct nvme_namespace found = { 0 };
	int known = place_of(n, id);
	const char *why = "not identified";

	if (!err)
		err = namespace_read(n, &found, &why);
	if (!err && known >= 0)
		space_change(n, (unsigned int)known, &found);
	else if (!err)
		space_add(n, id, &found);
	else if (why && known < 0)
		dev_warn(n->dev, "namespace %u is left out: %s", id, why);
	else if (known >= 0 && (err == -ENODEV || err == -EINVAL))
		space_gone(n, (unsigned int)known, why ? why : "detached");
}

/* Ascending numbers, from the list or, before version 1.1, by counting; what breaks the order ends it. Those it does not name are gone. */
static void list_taken(struct nvme *n, bool listed)
{
	uint64_t named = 0;
	uint32_t last = 0;

	n->nr_scanned = 0;
	for (uint32_t i = 0; i < LIST_IDS; i++) {
		uint32_t id = listed ? dma_read32(&n->page, i * 4) : i < n->nr_namespaces ? i + 1 : 0;
		int place;

		if (id <= last || id == ~0u)
			break;
		last = id;
		place = place_of(n, id);
		named |= place < 0 ? 0 : BIT64(place);
		if (n->nr_scanned < BLOCK_UNITS_MAX)
			n->scanned[n->nr_scanned++] = id;
	}
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++)
		if (nvme_unit(n, i) && !(named & BIT64(i)))
			space_gone(n, i, "detached");
}

/* No list could be had: those that are known are asked. */
static void known_taken(struct nvme *n)
{
	n->nr_scanned = 0;
	for (unsigned int i = 0; i < BLOCK_UNITS_MAX; i++)
		if (nvme_unit(n, i))
			n->scanned[n->nr_scanned++] = n->units[i].id;
}

/* ---- In probe ---- */

int nvme_namespaces_identify(struct nvme *n)
{
	struct nvme_command cmd = nvme_identify_command(n, CNS_ACTIVE, 0);
	int err = n->version >= NVME_VERSION_LISTS ? nvme_admin_do(n, &cmd, NULL) : -EOPNOTSUPP;

	if (err == -ETIMEDOUT)
		return err;
	list_taken(n, !err);
	for (unsigned int i = 0; i < n->nr_scanned; i++) {
		cmd = nvme_identify_command(n, CNS_NAMESPACE, n->scanned[i]);
		err = nvme_admin_do(n, &cmd, NULL);
		if (err == -ETIMEDOUT)
			return err;
		space_taken(n, n->scanned[i], err ? -EIO : 0);
	}
	return 0;
}

/* ---- Later, as a job ---- */

bool nvme_scan_command(struct nvme *n, unsigned int step, struct nvme_command *cmd)
{
	if (step == STEP_CHANGED) {
		*cmd = nvme_admin_command(NVME_OP_LOG_PAGE, ~0u, n->page.address);
		cmd->dw[10] = (NVME_PAGE / 4 - 1) << 16 | LOG_NAMESPACES;
	} else if (step == STEP_ACTIVE) {
		*cmd = nvme_identify_command(n, CNS_ACTIVE, 0);
	} else if (step - STEP_EACH < n->nr_scanned) {
		*cmd = nvme_identify_command(n, CNS_NAMESPACE, n->scanned[step - STEP_EACH]);
	} else {
		return false;
	}
	return true;
}

void nvme_scan_answer(struct nvme *n, unsigned int step, uint16_t status)
{
	if (step == STEP_ACTIVE && status)
		known_taken(n);
	else if (step == STEP_ACTIVE)
		list_taken(n, true);
	else if (step >= STEP_EACH)
		space_taken(n, n->scanned[step - STEP_EACH], !status ? 0 : status == NVME_SC_BAD_NAMESPACE ? -ENODEV : -EIO);
}
