/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The manifest of a driver: who it is, which devices it drives and what it needs from them. It holds no pointer, so that the
 * build, the device manager and the kernel read the very same bytes (section ".ferry_manifest" of a moved driver's ELF file).
 */
#ifndef UAPI_FERRY_MANIFEST_H
#define UAPI_FERRY_MANIFEST_H

#define FERRY_MANIFEST_MAGIC	0x46524d31u	/* "FRM1" */
#define FERRY_MATCH_MAX		16
#define FERRY_NAME_MAX		32

enum ferry_bus {
	FERRY_BUS_NONE = 0,
	FERRY_BUS_PCI,
	FERRY_BUS_USB,
	FERRY_BUS_I2C,
	FERRY_BUS_SPI,
	FERRY_BUS_VIRTIO,
	FERRY_BUS_ISA,
	FERRY_BUS_PLATFORM,
};

enum ferry_class {
	FERRY_CLASS_NONE = 0,
	FERRY_CLASS_BLOCK,
	FERRY_CLASS_NET,
	FERRY_CLASS_INPUT,
	FERRY_CLASS_DISPLAY,
	FERRY_CLASS_SERIAL,
	FERRY_CLASS_BUS,
	FERRY_CLASS_RNG,
	FERRY_CLASS_MISC,
	FERRY_CLASSES,
};

/* What a driver may ask for. The kernel grants no more than needs and policy both name. */
#define FERRY_NEEDS_MMIO	0x01u	/* memory windows of its own BARs */
#define FERRY_NEEDS_PORTS	0x02u	/* I/O ports of its own BARs or of its match row */
#define FERRY_NEEDS_IRQ		0x04u
#define FERRY_NEEDS_DMA		0x08u	/* DMA memory and bus mastering */
#define FERRY_NEEDS_CPU_DATA	0x10u	/* the bytes of requests, not only their device addresses (PIO, RAM disks) */
#define FERRY_NEEDS_CONFIG	0x20u	/* filtered access to its own PCI configuration space */
#define FERRY_NEEDS_KEEP	0x40u	/* memory that outlives it: its successor finds what it left there */
#define FERRY_NEEDS_ALL		0x7fu

#define FERRY_MATCH_ANY		0xffffu

/* One row: a zero bus ends the table. For PCI the ids; class_code compares (class << 16 | subclass << 8 | prog-if) under class_mask. */
struct ferry_match {
	unsigned short bus;		/* enum ferry_bus */
	unsigned short vendor, device;	/* FERRY_MATCH_ANY: any */
	unsigned short subvendor, subdevice;
	unsigned short reserved;
	unsigned int class_code, class_mask;	/* class_mask 0: not compared */
	char name[FERRY_NAME_MAX];	/* PLATFORM and ISA: the device's name without its number */
};

struct ferry_manifest {
	unsigned int magic;		/* FERRY_MANIFEST_MAGIC */
	unsigned int size;		/* sizeof(struct ferry_manifest) */
	char name[FERRY_NAME_MAX];
	char version[16];
	char author[64];
	char description[96];
	unsigned int class_id;		/* enum ferry_class */
	unsigned int needs;		/* FERRY_NEEDS_* */
	unsigned int dma_bits;		/* width of the device's DMA addresses; 0 without FERRY_NEEDS_DMA */
	unsigned int reserved;
	struct ferry_match match[FERRY_MATCH_MAX];
};

#endif
