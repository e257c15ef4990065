/* SPDX-License-Identifier: GPL-2.0 */
/* A SCSI host behind the virtio model: some logical units with their data, and answers that lie (SPC-4, SBC-3). */
#ifndef TESTS_MODEL_VIRTIO_SCSI_MODEL_H
#define TESTS_MODEL_VIRTIO_SCSI_MODEL_H

#include <tests/model/virtio_model.h>

#define SCSI_MODEL_UNITS	4

struct scsi_model_unit {
	bool present, no_medium, read_only, no_cache, no_capacity16, no_pages;
	uint8_t target, type;
	uint16_t lun;
	uint32_t block_size;
	uint64_t nr_blocks;		/* those past disk_max are not there */
	uint8_t *data;			/* the model's */
};

/* Counters go down at each command to a unit. */
struct scsi_model_lies {
	unsigned int statuses;		/* so many end with status and sense */
	uint8_t status, key, asc, ascq;
	bool descriptor_sense;
	unsigned int codes;		/* so many with this response code */
	uint8_t code;
	unsigned int residuals;		/* so many with this residual */
	uint32_t residual;
	uint32_t sense_length;		/* instead of the true one; 0: true */
	unsigned int noises;		/* so many answers of the probe's commands are noise from here */
	uint32_t noise;
	bool no_response;		/* nothing is written */
	unsigned int stuck;		/* so many stay with the device until a task or a reset ends them */
	unsigned int tasks_refused, tasks_unheard, tasks_empty;	/* so many are refused; are not answered; change nothing, and say they did */
};

#define SCSI_MODEL_STUCK	8

/* A command that stays with the device. */
struct scsi_model_stuck {
	bool taken;
	unsigned int resets;		/* of the device when it came: it is forgotten at the next */
	uint8_t target;
	uint16_t lun;
	uint64_t id;
	struct model_queue *q;
	struct model_request rq;
	unsigned int response;		/* piece */
};

struct scsi_model {
	struct scsi_model_unit units[SCSI_MODEL_UNITS];
	uint64_t disk_max;		/* bytes that are there of a unit; 0: 4 MiB */
	uint16_t max_target;		/* 0: 7 */
	struct scsi_model_lies lies;
	struct scsi_model_stuck stuck[SCSI_MODEL_STUCK];
	unsigned int aborts, unit_resets;	/* tasks that came */
	bool has_log;			/* knows LOG SENSE of informational exceptions */
	unsigned int commands, flushes, unmaps, zeroes, attentions;	/* attentions: as many to come */
};

/* The setup of a host with one disk of 2048 blocks; @sm is the test's and outlives the model. */
struct virtio_model_setup scsi_model_default(struct scsi_model *sm);
/* The event queue tells (virtio 1.2 section 5.6.6.3). False: no buffer. */
bool scsi_model_event(struct virtio_model *vm, uint32_t event, uint8_t target, uint16_t lun, uint32_t reason);

/* The unit is there from now on, with as many blocks; what it needs is made. The event is the test's. */
void scsi_model_plug(struct scsi_model *sm, unsigned int unit);
/* Where the driver has a unit of that address, when there are no others that collide with it. */
static inline unsigned int scsi_model_place(unsigned int target, unsigned int lun)
{
	return (target * 8 + lun) % BLOCK_UNITS_MAX;
}

#endif
