/* SPDX-License-Identifier: GPL-2.0 */
/* drvctl: pages that disks say of themselves, as members of a JSON object or as KEY=VALUE. */
#ifndef BIN_DRVCTL_PAGES_H
#define BIN_DRVCTL_PAGES_H

/* NVM Express 1.4: identify controller (figure 247), identify namespace (245), SMART / health information (194). */
void nvme_controller_print(const unsigned char *page);
void nvme_namespace_print(const unsigned char *page);
void nvme_health_print(const unsigned char *page);
/* ATA8-ACS: IDENTIFY DEVICE (section 7.16), SMART READ DATA (7.53.6, attributes as every vendor lays them out). */
void ata_identify_print(const unsigned char *page);
void ata_smart_print(const unsigned char *page);

/* SPC-4: standard INQUIRY data (section 6.4.2), device identification page (7.8.5), log page of informational exceptions (7.3.8). */
void scsi_inquiry_print(const unsigned char *page);
void scsi_names_print(const unsigned char *page);
void scsi_exceptions_print(const unsigned char *page);

#endif
