/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of the ATA command set (ATA8-ACS) that every way to a drive shares: status (section 6.2) and commands (section 7). */
#ifndef DRIVERS_ATA_ACS_H
#define DRIVERS_ATA_ACS_H

#define ATA_ST_ERR		0x01u
#define ATA_ST_DRQ		0x08u
#define ATA_ST_DF		0x20u
#define ATA_ST_BSY		0x80u

#define ATA_CMD_DATA_SET_MANAGEMENT 0x06u
#define ATA_CMD_READ		0x20u
#define ATA_CMD_READ_EXT	0x24u
#define ATA_CMD_READ_DMA_EXT	0x25u
#define ATA_CMD_READ_MULTIPLE_EXT 0x29u
#define ATA_CMD_WRITE		0x30u
#define ATA_CMD_WRITE_EXT	0x34u
#define ATA_CMD_WRITE_DMA_EXT	0x35u
#define ATA_CMD_WRITE_MULTIPLE_EXT 0x39u
#define ATA_CMD_WRITE_DMA_FUA_EXT 0x3du
#define ATA_CMD_READ_FPDMA	0x60u
#define ATA_CMD_WRITE_FPDMA	0x61u
#define ATA_CMD_PACKET		0xa0u
#define ATA_CMD_IDENTIFY_PACKET	0xa1u
#define ATA_CMD_READ_MULTIPLE	0xc4u
#define ATA_CMD_WRITE_MULTIPLE	0xc5u
#define ATA_CMD_SET_MULTIPLE	0xc6u
#define ATA_CMD_READ_DMA	0xc8u
#define ATA_CMD_WRITE_DMA	0xcau
#define ATA_CMD_FLUSH		0xe7u
#define ATA_CMD_FLUSH_EXT	0xeau
#define ATA_CMD_IDENTIFY	0xecu
#define ATA_CMD_SMART		0xb0u
#define ATA_SMART_READ_DATA	0xd0u	/* in features */
#define ATA_SMART_LBA		0xc24f00u	/* what every SMART command has in its LBA */

#define ATA_SECTORS_28_MAX	0x10000000ull	/* addressable with 28 bits */
#define ATA_SECTORS_48_MAX	0x1000000000000ull
#define ATA_RANGES		64	/* of one 512-byte block of DATA SET MANAGEMENT */
#define ATA_RANGE_SECTORS	65535u

#endif
