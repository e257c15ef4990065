/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An AHCI controller with disks and packet devices in software (AHCI 1.3.1, ATA8-ACS), written from the device's side and sharing no code
 * with the driver. It works when time passes, and it can lie (struct ahci_lies).
 */
#ifndef TESTS_MODEL_AHCI_MODEL_H
#define TESTS_MODEL_AHCI_MODEL_H

#include <host/host.h>

#define AHCI_MODEL_PORTS	4

/* What the device does wrong; counters go down at each use. */
struct ahci_lies {
	bool vanish;			/* all reads are ones, nothing happens */
	bool never_resets;		/* the controller */
	bool engine_sticks;		/* CR stays */
	bool stalls;			/* takes commands, never answers */
	bool no_interrupts;
	bool keeps_commands;		/* CI and SACT survive a stop and a port reset */
	bool firmware_keeps;		/* BOHC.BOS stays */
	bool always_busy;		/* BSY after a reset */
	bool identify_noise;		/* its answer is all ones */
	bool short_reads;		/* of commands that are not queued: half is moved */
	bool sact_noise;		/* SACT and CI show slots that were never issued */
	unsigned int errors;		/* this many commands end with an error */
	unsigned int interface_errors;	/* this many end with IFS */
	uint32_t signature;		/* instead of the true one, when not 0 */
	uint64_t bad_from, bad_to;	/* sectors that cannot be read or written */
};

struct ahci_disk_setup {
	bool present, packet, no_medium, no_ncq, no_lba48, no_cache, fua, trim, rotational, bad_checksum;
	uint32_t sectors, logical_bytes, physical_exp;
	unsigned int queue_depth;	/* 1..32 */
	const char *serial, *model;
};

struct ahci_model_setup {
	unsigned int nr_ports, nr_slots, msix_vectors;	/* no vectors: the line */
	bool no_64bit, no_ncq, handoff;
	uint32_t bar_length;		/* 0: what the ports need */
	struct ahci_disk_setup disks[AHCI_MODEL_PORTS];
	struct host_param params[HOST_PARAMS];
	size_t memory_limit;
	uint64_t dma_base;
	const struct host_model_ops *ops;	/* NULL: ahci_model_ops */
};

struct ahci_model_port {
	uint64_t clb, fb;
	uint32_t is, ie, cmd, tfd, sig, sctl, serr, sact, ci;
	uint32_t accepted;		/* queued commands the device has taken */
	bool link;			/* a device is plugged in */
	bool halted;			/* an error stopped the engine's work */
	unsigned int unit_attention;	/* packet commands to refuse */
	uint8_t *data;
	unsigned int resets, commands, queued, flushes, trims, fua_writes;
};

struct ahci_model {
	struct device *dev;
	struct ahci_model_setup setup;
	struct ahci_lies lies;
	uint32_t ghc, is, bohc;
	enum irq_kind irq_kind;
	bool hold;			/* take no commands */
	bool reverse;			/* highest slot first */
	unsigned int resets, most_at_once;
	unsigned int confused;		/* the driver said what it must not */
	struct ahci_model_port ports[AHCI_MODEL_PORTS];
};

/* One disk of 4096 sectors on port 0 with everything, four ports, messages. */
struct ahci_model_setup ahci_model_default(void);
struct ahci_model *ahci_model_create(const struct ahci_model_setup *setup);
/* Destroys the device too; returns the number of problems. */
unsigned int ahci_model_destroy(struct ahci_model *am);

/* Pull the disk of @port, or put it (or what setup.disks says now) in. */
void ahci_model_plug(struct ahci_model *am, unsigned int port, bool in);
void ahci_model_spurious(struct ahci_model *am);

/* ahci_disk_model.c: what a device is asked. */
struct ahci_model_command {
	unsigned int slot;
	uint8_t fis[64], packet[16];
	uint32_t header, nr_prds;
	uint64_t table;
	uint32_t moved;
};
enum ahci_outcome { AHCI_DONE, AHCI_FAILED };
enum ahci_outcome ahci_disk_command(struct ahci_model *am, unsigned int port, struct ahci_model_command *c);

extern const struct host_model_ops ahci_model_ops;

#endif
