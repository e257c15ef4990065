// SPDX-License-Identifier: GPL-2.0
/* Configuration space of the host world: the model's bytes; the same filter and the same defensive list walk as the kernel's. */
#include <driver/pci.h>
#include "device.h"

#define CONFIG_BYTES	256u
#define CONFIG_STATUS	0x06
#define STATUS_CAPS	0x10
#define CONFIG_CAPS	0x34
#define CAPS_FIRST	0x40
#define CAPS_MAX	48

static int access_check(const struct device *dev, uint32_t offset, uint32_t size)
{
	if (dev->setup.bus != FERRY_BUS_PCI)
		return -ENODEV;
	if ((size != 1 && size != 2 && size != 4) || offset % size)
		return -EINVAL;
	return offset >= CONFIG_BYTES ? -ERANGE : 0;
}

static uint8_t config_byte(const struct device *dev, uint32_t offset)
{
	const struct host_model_ops *ops = dev->setup.ops;

	return ops && ops->config_read ? ops->config_read(dev->setup.model, offset) : 0xff;
}

int pci_config_read(struct device *dev, uint32_t offset, uint32_t size, uint32_t *value)
{
	int err = access_check(dev, offset, size);

	*value = ~0u;
	if (err)
		return err;
	*value = 0;
	for (uint32_t i = 0; i < size; i++)
		*value |= (uint32_t)config_byte(dev, offset + i) << (8 * i);
	return 0;
}

int pci_config_write(struct device *dev, uint32_t offset, uint32_t size, uint32_t value)
{
	int err = access_check(dev, offset, size);

	(void)value;
	return err ? err : -EACCES;	/* no model has a register that a driver may write */
}

static uint8_t cap_next(const struct device *dev, uint8_t at)
{
	uint8_t next = config_byte(dev, at) & ~3u;

	return next >= CAPS_FIRST ? next : 0;
}

uint8_t pci_find_capability(struct device *dev, uint8_t id, uint8_t previous)
{
	uint8_t at;

	if (dev->setup.bus != FERRY_BUS_PCI || !(config_byte(dev, CONFIG_STATUS) & STATUS_CAPS))
		return 0;
	at = cap_next(dev, previous ? previous + 1 : CONFIG_CAPS);
	for (unsigned int i = 0; at && i < CAPS_MAX; i++) {
		if (config_byte(dev, at) == id)
			return at;
		at = cap_next(dev, at + 1);
	}
	return 0;
}

int pci_bar_info(struct device *dev, unsigned int index, struct pci_bar *bar)
{
	if (dev->setup.bus != FERRY_BUS_PCI)
		return -ENODEV;
	if (index >= HOST_BARS)
		return -EINVAL;
	*bar = dev->setup.bars[index];
	return 0;
}
