// SPDX-License-Identifier: GPL-2.0
/* Sense data (SPC-4 section 4.5) and what a status means to whoever sent the command. */
#include "scsi.h"

#define RESPONSE_MASK		0x7f
#define FIXED_NOW		0x70
#define FIXED_DEFERRED		0x71
#define DESCRIPTOR_NOW		0x72
#define DESCRIPTOR_DEFERRED	0x73

#define KEY_RECOVERED		1
#define KEY_NOT_READY		2
#define KEY_ILLEGAL		5
#define KEY_ATTENTION		6
#define KEY_PROTECT		7
#define KEY_ABORTED		11

#define ASC_BECOMING_READY	0x04	/* with key 2, qualifier 1 */
#define ASC_INVALID_OPCODE	0x20
#define ASC_SPACE		0x27	/* with qualifier 7: no room for a thin unit to grow */

struct scsi_sense scsi_sense_parse(const uint8_t *bytes, uint32_t length)
{
	struct scsi_sense sense = { .key = 0 };
	uint8_t response = length ? bytes[0] & RESPONSE_MASK : 0;

	if ((response == FIXED_NOW || response == FIXED_DEFERRED) && length >= 3) {
		sense.key = bytes[2] & 0xf;
		sense.asc = length > 12 ? bytes[12] : 0;
		sense.ascq = length > 13 ? bytes[13] : 0;
	} else if ((response == DESCRIPTOR_NOW || response == DESCRIPTOR_DEFERRED) && length >= 4) {
		sense.key = bytes[1] & 0xf;
		sense.asc = bytes[2];
		sense.ascq = bytes[3];
	}
	sense.deferred = response == FIXED_DEFERRED || response == DESCRIPTOR_DEFERRED;
	return sense;
}

static enum scsi_verdict failed(int *error, int value)
{
	*error = value;
	return SCSI_FAILED;
}

static enum scsi_verdict sense_judge(const struct scsi_sense *sense, int *error)
{
	if (sense->deferred)
		return SCSI_AGAIN;	/* of another command: this one was not begun */
	switch (sense->key) {
	case KEY_RECOVERED:
		return SCSI_DONE;
	case KEY_ATTENTION:
	case KEY_ABORTED:
		return SCSI_AGAIN;
	case KEY_NOT_READY:
		return sense->asc == ASC_BECOMING_READY && sense->ascq == 1 ? SCSI_LATER : failed(error, -EIO);
	case KEY_ILLEGAL:
		return failed(error, sense->asc == ASC_INVALID_OPCODE ? -EOPNOTSUPP : -EIO);
	case KEY_PROTECT:
		return failed(error, sense->asc == ASC_SPACE && sense->ascq == 7 ? -ENOSPC : -EROFS);
	}
	return failed(error, -EIO);
}

enum scsi_verdict scsi_judge(uint8_t status, const struct scsi_sense *sense, int *error)
{
	*error = 0;
	switch (status) {
	case SCSI_GOOD:
		return SCSI_DONE;
	case SCSI_CHECK_CONDITION:
		return sense_judge(sense, error);
	case SCSI_BUSY:
	case SCSI_TASK_SET_FULL:
		return SCSI_LATER;
	case SCSI_TASK_ABORTED:
		return SCSI_AGAIN;
	case SCSI_CONFLICT:
		return failed(error, -EBUSY);
	}
	return failed(error, -EIO);
}

const char *scsi_sense_name(uint8_t key)
{
	static const char *const names[16] = {
		"no-sense", "recovered", "not-ready", "medium-error", "hardware-error", "illegal-request", "unit-attention", "data-protect",
		"blank-check", "vendor", "copy-aborted", "aborted", "reserved", "volume-overflow", "miscompare", "completed",
	};

	return names[key & 15];
}
