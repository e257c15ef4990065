/* SPDX-License-Identifier: GPL-2.0 */
/* Terminals on the border (ioctl_tty(2), termios(3)): Linux's x86-64 numbers and layouts, prefixed so that libc's headers may stand beside. */
#ifndef UAPI_FERRY_LINUX_TTY_H
#define UAPI_FERRY_LINUX_TTY_H

#include <stdint.h>

/* ioctl(2). */
#define LINUX_TCGETS		0x5401
#define LINUX_TCSETS		0x5402
#define LINUX_TCSETSW		0x5403
#define LINUX_TCSETSF		0x5404
#define LINUX_TCGETA		0x5405
#define LINUX_TCSETA		0x5406
#define LINUX_TCSETAW		0x5407
#define LINUX_TCSETAF		0x5408
#define LINUX_TCGETS2		0x802c542a
#define LINUX_TCSETS2		0x402c542b
#define LINUX_TCSETSW2		0x402c542c
#define LINUX_TCSETSF2		0x402c542d
#define LINUX_TCSBRK		0x5409
#define LINUX_TCXONC		0x540a
#define LINUX_TCFLSH		0x540b
#define LINUX_TIOCEXCL		0x540c
#define LINUX_TIOCNXCL		0x540d
#define LINUX_TIOCSCTTY		0x540e
#define LINUX_TIOCGPGRP		0x540f
#define LINUX_TIOCSPGRP		0x5410
#define LINUX_TIOCOUTQ		0x5411
#define LINUX_TIOCSTI		0x5412
#define LINUX_TIOCGWINSZ	0x5413
#define LINUX_TIOCSWINSZ	0x5414
#define LINUX_TIOCMGET		0x5415
#define LINUX_TIOCCONS		0x541d
#define LINUX_TIOCGSERIAL	0x541e
#define LINUX_TIOCNOTTY		0x5422
#define LINUX_TIOCPKT		0x5420
#define LINUX_TIOCSETD		0x5423
#define LINUX_TIOCGETD		0x5424
#define LINUX_TCSBRKP		0x5425
#define LINUX_TIOCSBRK		0x5427
#define LINUX_TIOCCBRK		0x5428
#define LINUX_TIOCGSID		0x5429
#define LINUX_TIOCGPTN		0x80045430ul
#define LINUX_TIOCSPTLCK	0x40045431ul
#define LINUX_TIOCSIG		0x40045436ul
#define LINUX_TIOCGPTLCK	0x80045439ul
#define LINUX_TIOCVHANGUP	0x5437
#define LINUX_TIOCGEXCL		0x80045440ul
#define LINUX_TIOCGPTPEER	0x5441
#define LINUX_TIOCGLCKTRMIOS	0x5456
#define LINUX_TIOCSLCKTRMIOS	0x5457
#define LINUX_TIOCGPKT		0x80045438ul

/* The first byte that a packet master reads. */
#define LINUX_TIOCPKT_DATA	0x00u
#define LINUX_TIOCPKT_FLUSHREAD	0x01u
#define LINUX_TIOCPKT_FLUSHWRITE	0x02u
#define LINUX_TIOCPKT_STOP	0x04u
#define LINUX_TIOCPKT_START	0x08u
#define LINUX_TIOCPKT_NOSTOP	0x10u
#define LINUX_TIOCPKT_DOSTOP	0x20u

/* The kernel's struct termios (TCGETS), smaller than libc's. */
#define LINUX_NCCS	19

struct linux_termios {
	uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line;
	uint8_t c_cc[LINUX_NCCS];
};

/* With speeds in bits a second (TCGETS2). */
struct linux_termios2 {
	struct linux_termios basic;
	uint32_t c_ispeed, c_ospeed;
};

/* System V's (TCGETA). */
struct linux_termio {
	uint16_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line;
	uint8_t c_cc[8];
	uint8_t pad;
};

struct linux_winsize {
	uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};

/* c_cc indexes. */
#define LINUX_VINTR	0
#define LINUX_VQUIT	1
#define LINUX_VERASE	2
#define LINUX_VKILL	3
#define LINUX_VEOF	4
#define LINUX_VTIME	5
#define LINUX_VMIN	6
#define LINUX_VSWTC	7
#define LINUX_VSTART	8
#define LINUX_VSTOP	9
#define LINUX_VSUSP	10
#define LINUX_VEOL	11
#define LINUX_VREPRINT	12
#define LINUX_VDISCARD	13
#define LINUX_VWERASE	14
#define LINUX_VLNEXT	15
#define LINUX_VEOL2	16

/* c_iflag. */
#define LINUX_IGNBRK	0000001
#define LINUX_BRKINT	0000002
#define LINUX_IGNPAR	0000004
#define LINUX_PARMRK	0000010
#define LINUX_INPCK	0000020
#define LINUX_ISTRIP	0000040
#define LINUX_INLCR	0000100
#define LINUX_IGNCR	0000200
#define LINUX_ICRNL	0000400
#define LINUX_IUCLC	0001000
#define LINUX_IXON	0002000
#define LINUX_IXANY	0004000
#define LINUX_IXOFF	0010000
#define LINUX_IMAXBEL	0020000
#define LINUX_IUTF8	0040000

/* c_oflag. */
#define LINUX_OPOST	0000001
#define LINUX_OLCUC	0000002
#define LINUX_ONLCR	0000004
#define LINUX_OCRNL	0000010
#define LINUX_ONOCR	0000020
#define LINUX_ONLRET	0000040
#define LINUX_XTABS	0014000

/* c_cflag. */
#define LINUX_B9600	0000015
#define LINUX_B38400	0000017
#define LINUX_B115200	0010002
#define LINUX_CBAUD	0010017
#define LINUX_CBAUDEX	0010000
#define LINUX_BOTHER	0010000	/* c_ispeed, c_ospeed say it */
#define LINUX_IBSHIFT	16	/* from CBAUD to CIBAUD, of input */
#define LINUX_CS8	0000060
#define LINUX_CREAD	0000200
#define LINUX_HUPCL	0002000
#define LINUX_CLOCAL	0004000

/* c_lflag. */
#define LINUX_ISIG	0000001
#define LINUX_ICANON	0000002
#define LINUX_ECHO	0000010
#define LINUX_ECHOE	0000020
#define LINUX_ECHOK	0000040
#define LINUX_ECHONL	0000100
#define LINUX_NOFLSH	0000200
#define LINUX_TOSTOP	0000400
#define LINUX_ECHOCTL	0001000
#define LINUX_ECHOPRT	0002000
#define LINUX_ECHOKE	0004000
#define LINUX_IEXTEN	0100000

/* TCFLSH, TCXONC. */
#define LINUX_TCIFLUSH	0
#define LINUX_TCOFLUSH	1
#define LINUX_TCIOFLUSH	2
#define LINUX_TCOOFF	0
#define LINUX_TCOON	1
#define LINUX_TCIOFF	2
#define LINUX_TCION	3

#endif
