// SPDX-License-Identifier: GPL-2.0
/* The eight driver errors and their errno values, in one table (include/driver/error.h). Built for every world; no locks. */
#include <driver/error.h>

static const struct {
	int err;
	const char *name;
} errors[DRIVER_ERROR_COUNT] = {
	[DRIVER_DEVICE_NOT_FOUND] = { -ENODEV, "device not found" },
	[DRIVER_INITIALIZATION_FAILED] = { -ENXIO, "initialization failed" },
	[DRIVER_RESOURCE_BUSY] = { -EBUSY, "resource busy" },
	[DRIVER_UNSUPPORTED] = { -EOPNOTSUPP, "unsupported" },
	[DRIVER_IPC_ERROR] = { -ECOMM, "ipc error" },
	[DRIVER_MEMORY_ERROR] = { -ENOMEM, "out of memory" },
	[DRIVER_TIMEOUT] = { -ETIMEDOUT, "timeout" },
	[DRIVER_GENERAL] = { -EIO, "general error" },
};

int driver_error_to_errno(enum driver_error error)
{
	return (unsigned int)error < DRIVER_ERROR_COUNT ? errors[error].err : -EIO;
}

enum driver_error driver_error_from_errno(int err)
{
	for (unsigned int i = 0; i < DRIVER_ERROR_COUNT; i++) {
		if (errors[i].err == err)
			return (enum driver_error)i;
	}
	return DRIVER_GENERAL;
}

const char *driver_error_name(enum driver_error error)
{
	return (unsigned int)error < DRIVER_ERROR_COUNT ? errors[error].name : "unknown driver error";
}
