/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/installer/resource.h - numbers of the resources in espelho-host.exe. Also read by the
 * resource compiler. The program's own icon must have the lowest number: Explorer shows that one.
 */
#ifndef ESPELHO_INSTALLER_RESOURCE_H
#define ESPELHO_INSTALLER_RESOURCE_H

#define ESPELHO_ICON           1 /* the program; in the tray: no viewer */
#define ESPELHO_ICON_CONNECTED 2 /* in the tray: a viewer is connected; up to 48 pixels */
#define ESPELHO_ICON_FAILED    3 /* in the tray: no capture; up to 48 pixels */

#endif
