/* SPDX-License-Identifier: GPL-2.0 */
/* drvctl report (report.c). */
#ifndef USR_BIN_REPORT_H
#define USR_BIN_REPORT_H

/* Print the newest crash report about driver or device @name: drvctl's exit status. */
int report_print(const char *name);

#endif
