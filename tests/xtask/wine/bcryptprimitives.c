/* bcryptprimitives.dll for Wine versions that lack it: the one function that Rust's standard library
   imports from there, by way of the generator that advapi32 has always had. Only for tests. */

#define SystemFunction036 imported_SystemFunction036
#include <windows.h>
#undef SystemFunction036

__declspec(dllimport) BOOLEAN WINAPI SystemFunction036(void *buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *buffer, SIZE_T length)
{
    while (length > 0) {
        ULONG part = length > 0x10000000 ? 0x10000000 : (ULONG)length;
        if (!SystemFunction036(buffer, part))
            return FALSE;
        buffer += part;
        length -= part;
    }
    return TRUE;
}
