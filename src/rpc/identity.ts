/** Who the other end of a channel has proved to be. */
import type { Certificate } from '../channel/certificate.ts';

/** Each part is there where it was proved; both may be. Plain data, the same for the life of the channel. */
export interface Identity {
  /** It knows a secret: the one of this name. */
  readonly secret?: { readonly name: string } | undefined;
  /** It holds the key of a certificate that an authority of ours has signed. */
  readonly certificate?: Certificate | undefined;
}
