/** The service of `../service.ts` for whoever starts this program. */
import { serve } from 'kindred';
import { service } from '../service.ts';

await serve('stdio:', service);
