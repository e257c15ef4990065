/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The eight errors of a driver and their errno values. The table is bijective: driver_error_from_errno() of
 * driver_error_to_errno() is the identity; any other errno means DRIVER_GENERAL.
 */
#ifndef DRIVER_ERROR_H
#define DRIVER_ERROR_H

#include <driver/types.h>

enum driver_error {
	DRIVER_DEVICE_NOT_FOUND,	/* -ENODEV */
	DRIVER_INITIALIZATION_FAILED,	/* -ENXIO */
	DRIVER_RESOURCE_BUSY,		/* -EBUSY */
	DRIVER_UNSUPPORTED,		/* -EOPNOTSUPP */
	DRIVER_IPC_ERROR,		/* -ECOMM */
	DRIVER_MEMORY_ERROR,		/* -ENOMEM */
	DRIVER_TIMEOUT,			/* -ETIMEDOUT */
	DRIVER_GENERAL,			/* -EIO */
	DRIVER_ERROR_COUNT,
};

/* The negative errno of @error; -EIO for a number that is no driver error. Any context. */
int driver_error_to_errno(enum driver_error error);

/* The driver error of a negative @err; DRIVER_GENERAL for errno values outside the table. Any context. */
enum driver_error driver_error_from_errno(int err);

/* A static, human-readable name: "device not found". Any context. */
const char *driver_error_name(enum driver_error error);

#endif
