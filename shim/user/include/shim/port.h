/* SPDX-License-Identifier: GPL-2.0 */
/* Raw access in a driver process: the window is granted by the kernel, and touched by the same instructions as there. */
#include "../../../kernel/include/shim/port.h"
