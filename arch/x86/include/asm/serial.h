/* SPDX-License-Identifier: GPL-2.0 */
/* The early serial console stub: COM1 (console) and COM2, 16550 (PC16550D data sheet). Works from the first instruction in C. */
#ifndef ASM_SERIAL_H
#define ASM_SERIAL_H

#include <kernel/types.h>

#define SERIAL_PORTS	2

/* Detect and program 115200 8n1; no port present is fine (output goes nowhere). */
void serial_early_init(void);
bool serial_present(unsigned int port);
/* Polled, bounded output: a port that does not drain in time drops the rest. Any context. Bytes as they are (8-bit clean). */
void serial_write(unsigned int port, const char *text, size_t length);
/* Interrupt-driven input: @fn(port, byte) in interrupt context. After interrupts work. -ENODEV without a port. */
int serial_on_receive(unsigned int port, void (*fn)(unsigned int port, uint8_t byte));

#endif
