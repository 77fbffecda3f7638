/* SPDX-License-Identifier: GPL-2.0-or-later
 * Wakes up a hundred times a second and does nothing, until it is ended: what waiting alone costs
 * where this runs. The least that a host with a pass every 10 ms could need. */
#include <windows.h>

int main(void)
{
    HANDLE events[] = { CreateEventW(NULL, TRUE, FALSE, NULL),
                        CreateEventW(NULL, TRUE, FALSE, NULL) };
    while (WaitForMultipleObjects(2, events, FALSE, 10) == WAIT_TIMEOUT)
        ;
    return 1;
}
